"""Cookies that carry what a login earned: CF_Authorization on both domains, and CF_Binding (access.md 1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from doorward.applications import Application
from doorward.organization import PublicAddress
from doorward.sessions.browser import TWIN
from doorward.sessions.claims import bound_nonce
from doorward.sessions.set_cookie import SameSite, clear_cookie, set_cookie
from doorward.tokens.claims import AppClaims, SignedToken

CF_AUTHORIZATION: Final = "CF_Authorization"
CF_BINDING: Final = "CF_Binding"
CF_DEVICE: Final = "CF_Device"
MOST_BINDINGS: Final = 4
"""CF_Binding values that are tried; more are an attack."""


def app_cookies(
    application: Application, token: SignedToken, claims: AppClaims, public: PublicAddress, host: str, now: int
) -> tuple[str, ...]:
    """Set-Cookie values for an application's host: the token, and CF_Binding when the application asks for it.

    Args:
        application: whose settings choose the attributes.
        token: what was minted from ``claims``.
        claims: with the binding secret that ``sessions.app_claims`` put there.
        public: scheme of the names that browsers see.
        host: the request's, to find the path that the application covers there.
        now: Unix seconds.

    Raises:
        ValueError: a binding cookie is asked for and the claims have no secret (they were read from a token).
    """
    secure, path = public.scheme == "https", cookie_path(application, host)
    authorization = set_cookie(
        CF_AUTHORIZATION,
        token,
        expires_at=claims.exp,
        now=now,
        secure=secure,
        http_only=application.http_only_cookie_attribute,
        same_site=_same_site(application),
        path=path,
    )
    if not application.enable_binding_cookie:
        return (authorization,)
    if not claims.binding:
        raise ValueError("a binding cookie can be set only together with a new token; build its claims by app_claims")
    binding = set_cookie(CF_BINDING, claims.binding, expires_at=claims.exp, now=now, secure=secure, path=path)
    return authorization, binding


def clear_app_cookies(application: Application, public: PublicAddress, host: str) -> tuple[str, ...]:
    """Set-Cookie values that remove what :func:`app_cookies` set; CF_Binding too, it may be left from before."""
    secure, path = public.scheme == "https", cookie_path(application, host)
    return (
        clear_cookie(
            CF_AUTHORIZATION,
            secure=secure,
            http_only=application.http_only_cookie_attribute,
            same_site=_same_site(application),
            path=path,
        ),
        clear_cookie(CF_BINDING, secure=secure, path=path),
    )


def org_cookies(token: SignedToken, exp: int, public: PublicAddress, now: int) -> tuple[str, ...]:
    """Set-Cookie values for the team domain. The twin (see ``browser``) keeps a planted session from being taken up."""
    secure = public.scheme == "https"
    return tuple(set_cookie(name, token, expires_at=exp, now=now, secure=secure) for name in _org_names(public))


def clear_org_cookies(public: PublicAddress) -> tuple[str, ...]:
    """Set-Cookie values that remove what :func:`org_cookies` set."""
    secure = public.scheme == "https"
    return tuple(clear_cookie(name, secure=secure) for name in _org_names(public))


def bound(claims: AppClaims, binding_values: Sequence[str]) -> bool:
    """Whether one of the CF_Binding values came with the token of these claims (docs/attacks.md, 92)."""
    if len(binding_values) > MOST_BINDINGS:
        return False
    return any(bound_nonce(value) == claims.nonce for value in binding_values)


def cookie_path(application: Application, host: str) -> str:
    """``Path`` of the app cookie: ``/``, or with ``path_cookie_attribute`` what all of the application's paths share."""
    if not application.path_cookie_attribute:
        return "/"
    return _shared(pattern.path for pattern in application.patterns if pattern.matches_host(host))


def _shared(paths: Iterable[str]) -> str:
    """The longest run of whole segments, before any wildcard, that every path begins with."""
    columns = zip(*(path.split("/")[1:] for path in paths), strict=False)
    shared: list[str] = []
    for column in columns:
        if len(set(column)) > 1 or "*" in column[0]:
            break
        shared.append(column[0])
    return "/" + "/".join(shared)


def _same_site(application: Application) -> SameSite:
    return application.same_site_cookie_attribute or "none"


def _org_names(public: PublicAddress) -> tuple[str, ...]:
    return (CF_AUTHORIZATION, TWIN + CF_AUTHORIZATION) if public.scheme == "https" else (CF_AUTHORIZATION,)
