"""What is sent to an OpenID provider and what comes back, as values. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.endpoints import Endpoints
from doorward.providers.outbound import Call, Reply
from doorward.signin import LoginAttempt

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1
_LONGEST_CODE: Final = 4096
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_OUT_OF_ORDER: Final = frozenset({"server_error", "temporarily_unavailable"})
_OUR_MISTAKE: Final = frozenset(
    {
        "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type",
        "unsupported_response_type",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token endpoint's answer, nothing in it proven yet."""

    unverified_id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    """Empty if there is none."""


class Client(Protocol):
    """What the code flow needs to know of our registration at a provider."""

    @property
    def client_id(self) -> str: ...

    @property
    def client_secret(self) -> SecretStr | None: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...

    @property
    def pkce_enabled(self) -> bool: ...

    @property
    def prompt(self) -> str: ...


def authorization_url(
    config: Client,
    endpoints: Endpoints,
    attempt: LoginAttempt,
    redirect_uri: str,
    prompt: str = "",
    more: Mapping[str, str] | None = None,
) -> str:
    """Where to send the browser (Core 1.0, 3.1.2.1). ``prompt`` overrides the configured one; ``more``: parameters.

    Raises:
        ValueError: the attempt's ``code_verifier`` is not one by RFC 7636.
    """
    parameters = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(config.scopes),
        "state": attempt.state,
        **(more or {}),
    }
    if "openid" in config.scopes:
        parameters["nonce"] = attempt.nonce
    if config.pkce_enabled:
        parameters["code_challenge"] = code_challenge(attempt.code_verifier)
        parameters["code_challenge_method"] = "S256"
    if prompt or config.prompt:
        parameters["prompt"] = prompt or config.prompt
    joint = "&" if "?" in endpoints.authorization else "?"
    return endpoints.authorization + joint + urlencode(parameters)


def code_challenge(verifier: str) -> str:
    """S256 of RFC 7636, 4.2. ``plain`` does not exist here."""
    if not _VERIFIER.fullmatch(verifier):
        raise ValueError("a PKCE code verifier has 43 to 128 unreserved characters")
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def read_callback(answer: Mapping[str, str], attempt: LoginAttempt, endpoints: Endpoints) -> str:
    """The authorization code out of the callback's parameters.

    Raises:
        Failure: another attempt's or another provider's answer (INVALID_ANSWER), or the provider reports an error.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise Failure(Reason.INVALID_ANSWER, "callback: state is not this attempt's")
    if "iss" in answer and not endpoints.is_issuer(answer["iss"]):
        raise Failure(Reason.INVALID_ANSWER, f"callback: iss is another provider's: {answer['iss'][:200]!r}")
    if endpoints.names_itself and "iss" not in answer:
        raise Failure(Reason.INVALID_ANSWER, "callback: no iss, which this provider always sends (RFC 9207)")
    if "error" in answer:
        raise reported(answer["error"], answer.get("error_description", ""), "callback")
    code = answer.get("code", "")
    if not code or len(code) > _LONGEST_CODE or not code.isprintable():
        raise Failure(Reason.INVALID_ANSWER, "callback: no usable code")
    return code


def token_request(config: Client, endpoints: Endpoints, attempt: LoginAttempt, redirect_uri: str, code: str) -> Call:
    """The code exchanged for tokens (RFC 6749, 4.1.3)."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    headers = [("content-type", "application/x-www-form-urlencoded")]
    secret = config.client_secret.get_secret_value() if config.client_secret else ""
    if config.pkce_enabled:
        form["code_verifier"] = attempt.code_verifier
    if endpoints.auth_method == "client_secret_basic":
        pair = f"{quote_plus(config.client_id)}:{quote_plus(secret)}"  # form-encoded first: RFC 6749, 2.3.1
        headers.append(("authorization", "Basic " + base64.b64encode(pair.encode()).decode()))
    else:
        form["client_id"] = config.client_id
    if endpoints.auth_method == "client_secret_post":
        form["client_secret"] = secret
    return Call("POST", endpoints.token, tuple(headers), urlencode(form).encode())


def read_tokens(reply: Reply) -> Tokens:
    """The tokens out of the token endpoint's answer.

    Raises:
        Failure: REFUSED, CONFIGURATION or UNAVAILABLE as the provider reports; INVALID_ANSWER if there is no id_token.
    """
    access_token = read_access_token(reply)
    id_token = reply.document.get("id_token")
    if not isinstance(id_token, str) or not id_token:
        raise Failure(Reason.INVALID_ANSWER, "token endpoint: no id_token in the answer")
    return Tokens(id_token, access_token)


def read_access_token(reply: Reply) -> str:
    """The access token out of the token endpoint's answer (RFC 6749, 5.1); empty if there is none.

    Raises:
        Failure: as the provider reports; INVALID_ANSWER if it is no token.
    """
    document = reply.document
    if "error" in document or not 200 <= reply.status < 300:
        error, description = document.get("error"), document.get("error_description")
        raise reported(
            error if isinstance(error, str) else f"status {reply.status}",
            description if isinstance(description, str) else "",
            "token endpoint",
        )
    access_token = document.get("access_token", "")
    if not isinstance(access_token, str) or (access_token and not _TOKEN.fullmatch(access_token)):
        raise Failure(Reason.INVALID_ANSWER, "token endpoint: access_token is not a token")
    return access_token


def userinfo_request(address: str, access_token: str) -> Call:
    """Core 1.0, 5.3.1."""
    return Call("GET", address, (("authorization", f"Bearer {access_token}"),))


def read_userinfo(reply: Reply, sub: str) -> Mapping[str, Any]:
    """The claims of the userinfo endpoint, which must be about ``sub`` of the id_token (Core 1.0, 5.3.2).

    Raises:
        Failure: INVALID_ANSWER; about somebody else, or an error.
    """
    if not 200 <= reply.status < 300:
        raise Failure(Reason.INVALID_ANSWER, f"userinfo: status {reply.status}")
    if reply.document.get("sub") != sub:
        raise Failure(Reason.INVALID_ANSWER, "userinfo: sub is not that of the id_token")
    return reply.document


def reported(error: str, description: str, where: str) -> Failure:
    """An error the provider reports, sorted by who can do something about it.

    Descriptions of the token endpoint stay out of the log: some providers repeat the secret or the code in them.
    """
    if error in _OUT_OF_ORDER:
        reason = Reason.UNAVAILABLE
    elif error in _OUR_MISTAKE:
        reason = Reason.CONFIGURATION
    else:
        reason = Reason.REFUSED
    said = (description or error) if where == "callback" else error
    return Failure(reason, f"{where}: {error[:100]}" + (f": {description[:300]}" if where == "callback" else ""), said)
