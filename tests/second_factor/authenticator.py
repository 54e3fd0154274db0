"""An authenticator in software: makes passkeys and signs with them, as browsers hand the answers on (WebAuthn level 2)."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One with one key. Change its attributes to make it lie."""

    def __init__(self, origin: str, attachment: str = "platform") -> None:
        self.origin = origin
        self.rp_id = ""
        self.attachment = attachment
        self.flags = PRESENT | VERIFIED
        self.count = 0
        self.cose: object = None
        """In place of its public key."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = hashlib.sha256(str(id(self)).encode() + origin.encode()).digest()

    def create(self, options_json: str, **changes: Any) -> str:
        options = json.loads(options_json)
        self.rp_id = self.rp_id or options["rp"]["id"]
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2)
            + self.credential_id
            + cbor2.dumps(cose if self.cose is None else self.cose)
        )
        data = self._data(self.flags | ATTESTED) + attested
        client = self._client("webauthn.create", options["challenge"], changes)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": encoded(client), "attestationObject": encoded(attestation)})

    def get(self, options_json: str, **changes: Any) -> str:
        options = json.loads(options_json)
        self.rp_id = self.rp_id or options["rpId"]
        self.count += 1
        data = self._data(self.flags)
        client = self._client("webauthn.get", options["challenge"], changes)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": encoded(client),
                "authenticatorData": encoded(data),
                "signature": encoded(signature),
            }
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str, changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | changes).encode()

    def _answer(self, response: dict[str, str]) -> str:
        answer = {
            "id": encoded(self.credential_id),
            "rawId": encoded(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": self.attachment,
            "clientExtensionResults": {},
            "response": response,
        }
        return json.dumps(answer)
