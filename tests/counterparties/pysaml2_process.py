"""The process behind ``pysaml2_idp.py``: ``pysaml2_process.py FOLDER ACCOUNTS-JSON``. Ends with its standard input.

Endpoints: ``/both``, ``/assertion``, ``/response`` and ``/encrypted``, by GET (redirect binding) and POST; the form that
answers them asks for a login name. ``/refuse`` says no.
"""

from __future__ import annotations

import functools
import html
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# The script's own folder comes first on the path, where a launcher has the same name as a package.
sys.path.pop(0)

import saml2.entity
import saml2.sigver
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

FOLDER, ACCOUNTS = Path(sys.argv[1]), json.loads(sys.argv[2])
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
saml2.entity.pre_encryption_part = functools.partial(saml2.sigver.pre_encryption_part, msg_enc=AES)
_encrypt = saml2.sigver.CryptoBackendXmlSec1.encrypt_assertion


def _encrypt_with_aes(
    self: object, statement: object, key: str, template: object, _type: str = "", *rest: object
) -> str:
    """The package asks xmlsec1 for a Triple DES key whatever the template says."""
    return str(_encrypt(self, statement, key, template, "aes-128", *rest))


saml2.sigver.CryptoBackendXmlSec1.encrypt_assertion = _encrypt_with_aes


class Idp:
    def __init__(self, address: str) -> None:
        self.address = address
        self.lock = threading.Lock()
        self.server = None

    def learn(self, metadata: str) -> None:
        (FOLDER / "sp.xml").write_text(metadata)
        maps = FOLDER / "attribute_maps"
        maps.mkdir(exist_ok=True)
        (maps / "plain.py").write_text(f"MAP = {{'identifier': {BASIC!r}, 'fro': {{}}, 'to': {{}}}}\n")
        endpoints = [
            (f"{self.address}/{way}", binding)
            for way in ("both", "assertion", "response", "encrypted", "refuse")
            for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)
        ]
        config = {
            "entityid": f"{self.address}/entity",
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": endpoints},
                    "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": BASIC}},
                }
            },
            "key_file": str(FOLDER / "key.pem"),
            "cert_file": str(FOLDER / "certificate.pem"),
            "metadata": {"local": [str(FOLDER / "sp.xml")]},
            "attribute_map_dir": str(maps),  # names as they stand in the accounts
            "delete_tmpfiles": True,
        }
        self.server = Server(config=IdPConfig().load(config))

    def answer(self, way: str, message: str, binding: str, relay_state: str, user: str, check: dict) -> str:
        with self.lock:
            request = self.server.parse_authn_request(message, binding, **check)
            asked = request.message
            args = self.server.response_args(asked)
            if way == "refuse":
                failed = self.server.create_error_response(
                    asked.id, args["destination"], info=("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed", "not today"), sign=True,
                    sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256,
                )  # fmt: skip
                return self.form(failed, args["destination"], relay_state)
            account = ACCOUNTS.get(user, {"email": f"{user}@example.test"})
            identity = {name: value for name, value in account.items() if value}
            response = self.server.create_authn_response(
                identity,
                in_response_to=asked.id,
                destination=args["destination"],
                sp_entity_id=args["sp_entity_id"],
                name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=account["email"]),
                authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"},
                sign_response=way in {"both", "response"},
                sign_assertion=way in {"both", "assertion", "encrypted"},
                encrypt_assertion=way == "encrypted",
                encrypt_assertion_self_contained=True,
                sign_alg=SIG_RSA_SHA256,
                digest_alg=DIGEST_SHA256,
            )
            return self.form(response, args["destination"], relay_state)

    def form(self, response: object, destination: str, relay_state: str) -> str:
        made = self.server.apply_binding(BINDING_HTTP_POST, f"{response}", destination, relay_state, response=True)
        return str(made["data"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = self._fields(urlsplit(self.path).query)
        self._login({**query, "binding": BINDING_HTTP_REDIRECT})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if urlsplit(self.path).path == "/metadata":
            IDP.learn(body)
            self._send("ok")
            return
        fields = self._fields(body)
        if "user" not in fields:
            self._login({**fields, "binding": BINDING_HTTP_POST})
            return
        check = (
            {"relay_state": fields.get("RelayState", ""), "sigalg": fields["SigAlg"], "signature": fields["Signature"]}
            if fields.get("SigAlg")
            else {}
        )
        try:
            page = IDP.answer(
                urlsplit(self.path).path.strip("/"), fields["SAMLRequest"], fields["binding"], fields.get("RelayState", ""),
                fields["user"], check,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - the test is told what went wrong
            self._send(f"{type(error).__name__}: {error}", 500)
            return
        self._send(page)

    def _login(self, fields: dict[str, str]) -> None:
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in fields.items()
        )
        path = urlsplit(self.path).path
        self._send(f'<form method="post" action="{path}">{hidden}<input name="user"><button>Sign in</button></form>')

    def _fields(self, encoded: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(encoded, keep_blank_values=True).items()}

    def _send(self, text: str, status: int = 200) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
IDP = Idp(f"http://127.0.0.1:{SERVER.server_port}")
threading.Thread(target=_end_with_standard_input, daemon=True).start()
sys.stdout.write(json.dumps({"port": SERVER.server_port}) + "\n")
sys.stdout.flush()
SERVER.serve_forever()
