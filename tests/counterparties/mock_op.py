"""The process behind ``oidc_provider_mock.py``: ``mock_op.py PORT ACCOUNTS-JSON``. Ends with its standard input."""

from __future__ import annotations

import json
import os
import sys
import threading

# The script's own folder comes first on the path, where a launcher has the same name as the package.
sys.path.pop(0)

import oidc_provider_mock
from werkzeug.serving import WSGIRequestHandler, make_server


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    accounts = json.loads(sys.argv[2])
    users = [oidc_provider_mock.User(sub=sub, claims=claims) for sub, claims in accounts.items()]
    app = oidc_provider_mock.app(user_claims=users)
    server = make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Silent)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.server_port}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


main()
