"""What is fuzzed: each takes any bytes and returns, or raises something that is nobody's fault but a defect's.

Two of them also know what may come out: from a signed answer, the person that was signed and no other.
"""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from scim2_models import Context, PatchOp, SCIMException, ScimFilter, User
from tests.providers import scripted
from tests.providers.saml import idp as saml

from doorward.providers.failure import Failure
from doorward.providers.json_document import read_object
from doorward.providers.oidc import id_token
from doorward.providers.oidc.endpoints import endpoints
from doorward.providers.oidc.key_set import read_key_set
from doorward.providers.saml.response import read_response
from doorward.settings import InvalidConfiguration, load


@dataclass(frozen=True)
class Target:
    """``once``: one input. ``seeds``: good ones to begin with."""

    once: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]


def saml_response(data: bytes) -> None:
    with contextlib.suppress(Failure):
        said = read_response(base64.b64encode(data).decode(), saml.EXPECTED, saml.trust())
        assert said.name_id == "ada@example.com", "somebody who was never signed"


def saml_seeds() -> tuple[bytes, ...]:
    return tuple(make().encode() for make in (saml.assertion_signed, saml.response_signed, saml.both_signed))


@cache
def expected() -> tuple[Any, id_token.Expected]:
    where = endpoints(scripted.config(), None)
    keys = read_key_set({"keys": [scripted.public(scripted.rsa_key())]})
    return keys, id_token.Expected(where, scripted.CLIENT, scripted.NONCE, "code", "at")


def oidc_id_token(data: bytes) -> None:
    keys, wanted = expected()
    token = data.decode("latin-1")
    with contextlib.suppress(Failure):
        header = id_token.read_header(token, scripted.config().allowed_algorithms)
        claims = id_token.verify_signature(token, header, keys)
        proven = id_token.check_claims(claims, header.algorithm, wanted, scripted.NOW)
        assert proven["sub"] == "user-1", "somebody who was never signed"


def id_token_seeds() -> tuple[bytes, ...]:
    return (scripted.sign(scripted.claims()).encode(),)


def oidc_key_set(data: bytes) -> None:
    with contextlib.suppress(Failure):
        read_key_set(read_object(data, "key set"))


def key_set_seeds() -> tuple[bytes, ...]:
    keys = [scripted.public(scripted.rsa_key()), scripted.public(scripted.ec_key())]
    return (json.dumps({"keys": keys}).encode(),)


def scim_body(data: bytes) -> None:
    """A user, a patch of one, and a filter."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(SCIMException, ValidationError):
        User.model_validate_json(data, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    with contextlib.suppress(SCIMException, ValidationError):
        patch = PatchOp[User].model_validate_json(data, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
        patch.patch(User(user_name="ada@example.com", active=True))
    with contextlib.suppress(SCIMException, ValidationError):
        ScimFilter[User](text).match(User(user_name="ada@example.com", active=True))


def scim_seeds() -> tuple[bytes, ...]:
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "x@example.com"}],
    }
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "active": False}
    return json.dumps(patch).encode(), json.dumps(user).encode(), b'userName eq "ada" and not (active eq false)'


def configuration(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="doorward-fuzz-") as folder:
        file = Path(folder) / "doorward.yaml"
        file.write_bytes(data)
        with contextlib.suppress(InvalidConfiguration):
            load(file, {})


def configuration_seeds() -> tuple[bytes, ...]:
    return ((Path(__file__).parents[2] / "examples" / "doorward.yaml").read_bytes(),)


TARGETS: Mapping[str, Target] = {
    "saml-response": Target(saml_response, saml_seeds),
    "id-token": Target(oidc_id_token, id_token_seeds),
    "key-set": Target(oidc_key_set, key_set_seeds),
    "scim": Target(scim_body, scim_seeds),
    "configuration": Target(configuration, configuration_seeds),
}
