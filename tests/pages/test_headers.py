from __future__ import annotations

import pytest

from doorward.pages import security_headers


def test_nothing_runs_and_nothing_is_loaded_but_our_styles_and_pictures() -> None:
    headers = dict(security_headers())
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' https: data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_g7_115_no_site_may_frame_a_page() -> None:
    headers = dict(security_headers(["https://app.example.com"]))
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_forms_may_end_at_the_application_that_is_named_and_nowhere_else() -> None:
    headers = dict(security_headers(["https://app.example.com", "http://app.localhost:8080"]))
    assert (
        "; form-action 'self' https://app.example.com http://app.localhost:8080; " in headers["content-security-policy"]
    )


@pytest.mark.parametrize(
    "target",
    [
        "*",
        "https:",
        "https://a.b/",
        "https://a.b; script-src *",
        "https://a.b https://c.d",
        "javascript:x",
        "https://*.b",
        "",
    ],
)
def test_g7_114_what_is_no_origin_does_not_get_into_the_policy(target: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        security_headers([target])


def test_names_are_lower_case_and_stand_once() -> None:
    names = [name for name, _ in security_headers()]
    assert names == [name.lower() for name in dict.fromkeys(names)]
