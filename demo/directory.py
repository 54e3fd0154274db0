"""The demo's identity provider: PyPI's ``oidc-provider-mock`` in a process of its own, with a sign-in page like ours.

``python -m demo.directory PORT``. The package's own page loads its style from far away; nothing here leaves the machine.
"""

from __future__ import annotations

import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # read at import; plain http is fine on one machine

import flask
import oidc_provider_mock
from werkzeug.serving import WSGIRequestHandler, make_server

from demo.pages import HEADERS, page
from demo.people import DIRECTORY


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Not a line for every request."""


def provider() -> flask.Flask:
    """The package's provider; only the page where a person chooses is ours."""
    users = [
        oidc_provider_mock.User(
            sub=person["sub"], claims={name: value for name, value in person.items() if name != "sub"}
        )
        for person in DIRECTORY
    ]
    app: flask.Flask = oidc_provider_mock.app(user_claims=users)
    app.debug = False

    def sign_in_page(response: flask.Response) -> flask.Response:
        asked = flask.request
        if asked.method == "GET" and asked.path == "/oauth2/authorize" and response.status_code == 200:
            response.set_data(page("directory.html", kind="directory", people=DIRECTORY))
            response.headers.update(HEADERS)
        return response

    app.after_request(sign_in_page)
    return app


def main() -> None:
    """Serve on loopback until killed."""
    make_server("127.0.0.1", int(sys.argv[1]), provider(), threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
