from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from doorward.organization import Organization, OriginRequest, PublicAddress


@pytest.mark.parametrize(
    ("scheme", "port", "origin"),
    [
        ("https", 443, "https://a.b"),
        ("https", 8443, "https://a.b:8443"),
        ("http", 80, "http://a.b"),
        ("http", 443, "http://a.b:443"),
    ],
)
def test_the_port_appears_only_when_it_is_not_the_schemes_own(scheme: str, port: int, origin: str) -> None:
    public = PublicAddress.model_validate({"scheme": scheme, "port": port})
    assert public.origin("a.b") == origin
    assert public.authority("a.b") == origin.partition("://")[2]


@pytest.mark.parametrize("wrong", [{"scheme": "ftp"}, {"port": 0}, {"port": 65536}])
def test_a_public_address_is_one_that_browsers_can_open(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PublicAddress.model_validate({"scheme": "https", "port": 443} | wrong)


def test_the_issuer_is_the_origin_of_the_team_domain_without_a_slash() -> None:
    organization = Organization(
        id="0" * 32,
        name="Example",
        auth_domain="login.example.com",
        session_duration=timedelta(hours=24),
        public=PublicAddress(scheme="https", port=443),
    )
    assert organization.issuer == "https://login.example.com"
    assert organization.deny_unmatched_requests


def test_origin_settings_are_in_cloudflareds_spelling() -> None:
    read = OriginRequest.model_validate({"noTLSVerify": True, "connectTimeout": "30s"})
    assert read.noTLSVerify
    assert read.connectTimeout == timedelta(seconds=30)
    with pytest.raises(ValidationError):
        OriginRequest.model_validate({"no_tls_verify": True})
