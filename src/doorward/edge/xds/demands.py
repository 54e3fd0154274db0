"""What a request must show to go to an origin without the control plane being asked.

Claims are matched in the metadata that ``jwt_authn`` wrote after verifying, never in headers: those a client can send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.number_pb2 import DoubleMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.matcher.v3.value_pb2 import ListMatcher, ValueMatcher
from envoy.type.v3.range_pb2 import DoubleRange

from doorward.applications import Application
from doorward.edge import headers
from doorward.edge.xds.filters import JWT_AUTHN, PAYLOAD
from doorward.edge.xds.wire import header_absent, header_is, header_is_not, regex
from doorward.sessions import CF_AUTHORIZATION, any_spelling

_END_OF_TIME: Final = 2.0**53
_EMAIL: Final = r"[!-?A-~]+@[!-?A-~]+"
"""Visible ASCII around one ``@``: anything else is written to a header by the control plane or not at all."""
MOST_REVOKED: Final = 100_000
"""Revoked tokens of one application that Envoy is told of. With more it decides nothing there by itself."""
_NAMED: Final = 16
"""Hex characters of a revoked token's nonce that are compared. A chance hit (2**-64) only asks the control plane."""
_AT_ONCE: Final = 20_000
"""Nonces in one expression; RE2 refuses one of 80,000, and a refused configuration would revoke nothing."""


def unmixed() -> tuple[HeaderMatcher, ...]:
    """The token is in the cookie, once, and no other credential came along: else which one counts is not Envoy's to say."""
    return (header_is_not("cookie", regex(f"{twice(CF_AUTHORIZATION)}|{_LEGACY}")), *_nothing_else())


def alone() -> tuple[HeaderMatcher, ...]:
    """The token's cookie is the only one, so that there is nothing to search for a second: what most programs send.

    This costs a tenth of the search that :func:`unmixed` makes through the whole header.
    """
    return (
        header_is("cookie", StringMatcher(prefix=f"{CF_AUTHORIZATION}=")),
        header_is_not("cookie", StringMatcher(contains=";")),
        *_nothing_else(),
    )


def _nothing_else() -> tuple[HeaderMatcher, ...]:
    return (header_absent(headers.ASSERTION), *(header_absent(name) for name in headers.CREDENTIALS))


_LEGACY: Final = r'(?:\C*;)?[ \t]*\$\C*|\C*=[ \t]*"[^";]*;\C*'
"""RE2: a Cookie header in the syntax of RFC 2965 (``$Version``), or with a quote that spans a semicolon. Readers of that
syntax see other cookies than Envoy does, and could be made to show the token as the value of another one.
"""


def claims(application: Application, revoked: frozenset[str]) -> tuple[MetadataMatcher, ...]:
    """The verified claims are those of an unrevoked app token of this application, issued under its present rules."""
    age = DoubleMatcher(range=DoubleRange(start=float(application.not_before), end=_END_OF_TIME))
    demanded = (
        claim("aud", ValueMatcher(list_match=ListMatcher(one_of=_text(StringMatcher(exact=application.aud))))),
        claim("type", _text(StringMatcher(exact="app"))),
        claim("iat", ValueMatcher(double_match=age)),
        claim("email", _text(regex(_EMAIL))),
        claim("nonce", ValueMatcher(present_match=True)),
    )
    return (*demanded, *unrevoked(revoked))


def unrevoked(nonces: frozenset[str]) -> tuple[MetadataMatcher, ...]:
    """The token's nonce is none of ``nonces``.

    Alternations, which RE2 runs as automata: the time depends on the length of a nonce, hardly on how many there are. A
    list of matchers would cost a microsecond for every hundred or so.
    """
    named = sorted({nonce[:_NAMED] for nonce in nonces})
    return tuple(_none_of(named[start : start + _AT_ONCE]) for start in range(0, len(named), _AT_ONCE))


def _none_of(beginnings: Sequence[str]) -> MetadataMatcher:
    matcher = claim("nonce", _text(regex(f"(?:{'|'.join(beginnings)}).*")))
    matcher.invert = True
    return matcher


def unverified() -> MetadataMatcher:
    """No token was verified (yet: routes are looked up once before ``jwt_authn`` ran and once after)."""
    matcher = claim("exp", ValueMatcher(present_match=True))
    matcher.invert = True
    return matcher


def claim(name: str, value: ValueMatcher) -> MetadataMatcher:
    segments = [MetadataMatcher.PathSegment(key=key) for key in (PAYLOAD, name)]
    return MetadataMatcher(filter=JWT_AUTHN, path=segments, value=value)


def twice(cookie: str) -> str:
    r"""RE2 pattern, full match, of a Cookie header that may hold ``cookie`` twice in any reading.

    ``\C`` is any byte: a dot would not match what is not UTF-8, and a second token could hide behind it.
    """
    mention = any_spelling(cookie, r"\C")
    return rf"(?is)\C*{mention}\C*{mention}\C*"


def _text(matcher: StringMatcher) -> ValueMatcher:
    return ValueMatcher(string_match=matcher)
