from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.applications.build import application

from doorward.applications import Application, CorsHeaders, Pattern


def test_domain_and_self_hosted_domains_are_covered_once_each() -> None:
    wiki = application("wiki.example.com", "Wiki.example.com/", "docs.example.com/a")
    assert wiki.patterns == (Pattern("wiki.example.com", ""), Pattern("docs.example.com", "/a"))


def test_the_domain_is_covered_even_when_the_list_leaves_it_out() -> None:
    wiki = Application(id="1", aud="0" * 64, name="Wiki", domain="wiki.example.com", self_hosted_domains=("a.b",))
    assert wiki.patterns == (Pattern("wiki.example.com", ""), Pattern("a.b", ""))


@pytest.mark.parametrize("fields", [{"domain": "https://a.b"}, {"self_hosted_domains": ("a.b:80",)}])
def test_a_domain_that_is_no_pattern_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="write it like"):
        Application.model_validate({"id": "1", "aud": "0" * 64, "name": "Wiki", "domain": "a.b"} | fields)


@pytest.mark.parametrize("aud", ["", "0" * 63, "A" * 64, "0" * 65])
def test_an_audience_tag_is_64_lower_case_hex_characters(aud: str) -> None:
    with pytest.raises(ValidationError):
        Application(id="1", aud=aud, name="Wiki", domain="a.b")


def test_the_defaults_are_those_of_the_api() -> None:
    wiki = application("a.b")
    assert wiki.http_only_cookie_attribute
    assert wiki.same_site_cookie_attribute == ""
    assert not wiki.policies
    assert CorsHeaders().max_age is None
