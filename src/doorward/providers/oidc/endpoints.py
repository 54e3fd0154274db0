"""Where a provider is to be asked and who it says it is: configuration first, then its discovery document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.web_address import check_web_address, is_inside, origin

AuthMethod = Literal["client_secret_post", "client_secret_basic", "none"]
_SECRET_METHODS: Final[tuple[AuthMethod, ...]] = ("client_secret_post", "client_secret_basic")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """One provider, complete."""

    issuer: str | None
    """None: neither configured nor discovered; see :meth:`is_issuer`."""
    authorization: str
    token: str
    key_set: str
    userinfo: str | None
    auth_method: AuthMethod
    names_itself: bool
    """RFC 9207: the provider promises an ``iss`` parameter on every answer, so one without it is not its answer."""

    def is_issuer(self, iss: Any) -> bool:
        """Whether a token or callback that says ``iss`` is from this provider.

        With an issuer: equal, character by character. Without one (the three-address form of the Access API has no
        field for it): of the same scheme, host and port as the authorization endpoint or the key set. Signature,
        audience and nonce are checked either way; the rule keeps another provider's answers out (mix-up).
        """
        if self.issuer is not None:
            return isinstance(iss, str) and iss == self.issuer
        try:
            return isinstance(iss, str) and origin(check_web_address(iss)) in {
                origin(self.authorization),
                origin(self.key_set),
            }
        except ValueError:
            return False


def discovery_address(issuer: str) -> str:
    """Where the discovery document of ``issuer`` is (Discovery 1.0, section 4)."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def endpoints(config: OidcConfig, document: Mapping[str, Any] | None) -> Endpoints:
    """Everything the configuration says, and the rest from the discovery ``document``.

    Raises:
        Failure: INVALID_ANSWER or CONFIGURATION; the document is another issuer's, lacks an address or has a bad one.
    """
    found = document or {}
    if document is not None and found.get("issuer") != config.issuer:
        raise Failure(
            Reason.CONFIGURATION,
            f"issuer is {config.issuer!r} in the configuration and {str(found.get('issuer'))[:200]!r} in the discovery "
            "document; write it exactly as the provider does",
        )
    return Endpoints(
        issuer=config.issuer,
        authorization=config.auth_url or _discovered(found, "authorization_endpoint", config),
        token=config.token_url or _discovered(found, "token_endpoint", config),
        key_set=config.certs_url or _discovered(found, "jwks_uri", config),
        userinfo=config.userinfo_url
        or (_discovered(found, "userinfo_endpoint", config) if "userinfo_endpoint" in found else None),
        auth_method=_auth_method(config, found),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _discovered(document: Mapping[str, Any], member: str, config: OidcConfig) -> str:
    address = document.get(member)
    if not isinstance(address, str):
        raise Failure(Reason.INVALID_ANSWER, f"discovery document: {member} is missing")
    try:
        inside = is_inside(check_web_address(address))
    except ValueError as error:
        raise Failure(Reason.INVALID_ANSWER, f"discovery document: {member}: {error}") from error
    if inside and not is_inside(config.issuer or ""):
        # A provider out on the network must not make us talk to addresses that only we can reach.
        raise Failure(Reason.INVALID_ANSWER, f"discovery document: {member} is an internal address; write it yourself")
    return address


def _auth_method(config: OidcConfig, document: Mapping[str, Any]) -> AuthMethod:
    if config.client_secret is None:
        return "none"
    if config.token_endpoint_auth_method is not None:
        return config.token_endpoint_auth_method
    methods = document.get("token_endpoint_auth_methods_supported")
    if not isinstance(methods, list) or not methods:
        return "client_secret_post"
    for method in _SECRET_METHODS:
        if method in methods:
            return method
    raise Failure(
        Reason.CONFIGURATION, "the provider takes no client secret at its token endpoint (discovery document)"
    )
