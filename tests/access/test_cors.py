from __future__ import annotations

import pytest
from tests.access.world import request

from doorward.access.cors import preflight_headers, response_headers
from doorward.applications import CorsHeaders

SHOP = "https://shop.example.com"
VARY = ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")


def answered(
    cors: CorsHeaders, origin: str = SHOP, method: str = "PUT", headers: str = "x-one, X-Two"
) -> dict[str, str]:
    asked = request(method="OPTIONS", origin=origin, preflight_method=method, preflight_headers=headers)
    answer = preflight_headers(cors, asked)
    assert answer[-1] == VARY
    assert len({name for name, _ in answer}) == len(answer)
    return {name.removeprefix("access-control-"): value for name, value in answer[:-1]}


def test_a_configured_origin_gets_the_configured_lists():
    cors = CorsHeaders(
        allowed_origins=(SHOP,),
        allowed_methods=("GET", "PUT"),
        allowed_headers=("X-One",),
        allow_credentials=True,
        max_age=600,
    )
    assert answered(cors) == {
        "allow-origin": SHOP,
        "allow-credentials": "true",
        "allow-methods": "GET, PUT",
        "allow-headers": "X-One",
        "max-age": "600",
    }


def test_all_of_everything_reflects_what_was_asked():
    cors = CorsHeaders(allow_all_origins=True, allow_all_methods=True, allow_all_headers=True, max_age=-1)
    assert answered(cors, "https://any.test:8443") == {
        "allow-origin": "https://any.test:8443",
        "allow-methods": "PUT",
        "allow-headers": "x-one, X-Two",
        "max-age": "-1",
    }
    assert "allow-headers" not in answered(cors, headers="")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.test", "http://shop.example.com", SHOP + ":8443", SHOP + ".evil.test", SHOP + "/", "null", ""],
)
def test_any_other_origin_gets_nothing(origin: str):
    assert answered(CorsHeaders(allowed_origins=(SHOP,), allow_all_methods=True), origin) == {}


def test_origins_are_compared_without_regard_to_case():
    assert answered(CorsHeaders(allowed_origins=("https://Shop.example.com",)))["allow-origin"] == SHOP


def test_credentials_never_go_with_every_origin():
    assert response_headers(CorsHeaders(allow_all_origins=True, allow_credentials=True), SHOP) == (
        ("access-control-allow-origin", SHOP),
    )


def test_without_lists_nothing_is_allowed_but_the_origin():
    assert answered(CorsHeaders(allowed_origins=(SHOP,))) == {"allow-origin": SHOP}


@pytest.mark.parametrize("odd", ["PUT, GET", "PUT\r\nX-Admin: 1", "PU T", "é", "PUT\n"])
def test_g3_47_a_method_that_is_none_is_not_reflected(odd: str):
    assert "allow-methods" not in answered(CorsHeaders(allow_all_origins=True, allow_all_methods=True), method=odd)


@pytest.mark.parametrize("odd", ["x\r\nX-Admin: 1", "x;y", "x,,y", ",", "é", "x\n"])
def test_g3_47_header_names_that_are_none_are_not_reflected(odd: str):
    assert "allow-headers" not in answered(CorsHeaders(allow_all_origins=True, allow_all_headers=True), headers=odd)


@pytest.mark.parametrize(
    "odd", ["https://a\r\nb", "https://a b", "javascript:alert(1)", "https://é", "https://", SHOP + "\n"]
)
def test_g3_47_an_origin_that_is_none_is_not_reflected(odd: str):
    assert answered(CorsHeaders(allow_all_origins=True), odd) == {}
