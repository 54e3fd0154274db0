"""What the origin is shown of a client certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.access.test_client_certificate import AUTHORITIES, CERTIFICATE, DEVICES, HOST, SHOWN, asked
from tests.access.world import snapshot
from tests.tokens.material import NOW

from doorward.client_certificates import ClientAuthorities, ClientAuthority
from doorward.edge.answer import LONGEST_DER, Answer, forwarding

ON = ClientAuthorities.of([ClientAuthority("Devices", (HOST,), DEVICES.pem)], [HOST])
PASSED = Answer(200, (("cookie", "a=b"),))
BOTH = (("cf-client-cert-der-base64", CERTIFICATE.base64), ("cf-client-cert-sha256", CERTIFICATE.fingerprint))


def forwarded(shown, authorities):
    state = replace(snapshot(), client_authorities=authorities)
    return forwarding(PASSED, asked(shown), state, NOW).headers[1:]


def test_both_headers_where_it_is_switched_on():
    assert forwarded(SHOWN, ON) == BOTH


@pytest.mark.parametrize(
    ("shown", "authorities"),
    [
        (SHOWN, AUTHORITIES),
        (SHOWN, ClientAuthorities()),
        (None, ON),
        (replace(SHOWN, checked_by="0" * 16), ON),
        (replace(SHOWN, certificate=replace(CERTIFICATE, not_after=NOW - 1)), ON),
    ],
    ids=["switched off", "no authority", "no certificate", "checked by others", "expired"],
)
def test_neither_otherwise(shown, authorities):
    assert forwarded(shown, authorities) == ()


def test_of_a_very_long_one_the_fingerprint_alone():
    long = replace(SHOWN, certificate=replace(CERTIFICATE, der=b"x" * LONGEST_DER))
    assert forwarded(long, ON) == BOTH[1:]
