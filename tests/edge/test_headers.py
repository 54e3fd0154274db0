"""Which client headers are removed first of all."""

from __future__ import annotations

import re

import pytest

from doorward.edge import headers

PATTERN = re.compile(headers.stripped_pattern())


@pytest.mark.parametrize(
    "name",
    [
        *headers.IDENTITY, headers.ROUTE, headers.CLIENT_ADDRESS, headers.REQUEST_ID, "x-doorward-", "x-doorward-assertions",
        "x-doorward-assertio", "cf-access-", "cf-access-t", "cf-access-tokens", "cf-access-toke", "cf-access-client-secrets",
        "cf-access-client", "cf-access-client-", "cf-access-user", "cf-access-metadata", "x-envoy-", "x-envoy-internal",
        "x-forwarded-for", "x-forwarded-", "x-forwarded-host", "x-real-ip", "forwarded", "x-original-url",
        headers.CLIENT_CERTIFICATE, *headers.FORWARDED_CERTIFICATE, "x-forwarded-client-cert", "cf-access-client-cert",
        "cf-client-cert-issuer-dn", "client-cert", "client-cert-chain",
    ],
)  # fmt: skip
def test_what_could_deceive_is_removed(name):
    assert PATTERN.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        headers.ASSERTION, *headers.CREDENTIALS, "cookie", "authorization", "host", "x-http-method-override", "cf-ray",
        "cf-access", "x-forwarded", "x-doorward", "x-envoy", "x-real-ip-2", "xx-real-ip", "my-cf-access-user", "x-request-id-2",
        "cf-client-cert", "client-certificate", "my-client-cert",
    ],
)  # fmt: skip
def test_what_the_check_reads_and_what_is_the_application_s_business_stays(name):
    assert not PATTERN.fullmatch(name)


@pytest.mark.parametrize("trusted", ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "x-balancer-address"])
def test_a_header_that_a_balancer_writes_is_kept_and_nothing_else_with_it(trusted):
    pattern = re.compile(headers.stripped_pattern((trusted,)))
    assert not pattern.fullmatch(trusted)
    for name in {"x-forwarded-for", "x-forwarded-host", "x-forwarded-fo", "x-real-ip", "x-forwarded-"} - {trusted}:
        assert pattern.fullmatch(name)


def test_what_the_check_considers_is_what_survives():
    ours = {headers.REQUEST_ID, headers.BODY}  # removed when a client sends them, then written by Envoy
    assert not [name for name in headers.CONSIDERED if PATTERN.fullmatch(name) and name not in ours]
    assert all(PATTERN.fullmatch(name) for name in ours)
