from __future__ import annotations

import pytest
from tests.providers.scripted import CONFIG

from doorward.providers import config_problems


def test_a_good_config_has_no_problems():
    assert config_problems("oidc", CONFIG) == ()
    assert config_problems("onetimepin", {}) == ()
    assert config_problems("onetimepin", {"redirect_url": "https://login.example.test/cdn-cgi/access/callback"}) == ()


def test_all_problems_come_at_once_with_their_place_and_without_secrets():
    broken = {"auth_url": "http://idp.test/", "scopes": ["openid", "a b"], "client_secret": ["hush"], "clientid": "x"}
    problems = {problem.path: problem.message for problem in config_problems("oidc", broken)}
    assert set(problems) == {("auth_url",), ("scopes", 1), ("client_secret",), ("clientid",), ("client_id",)}
    assert problems["client_id",] == "this field is required"
    assert "no such field" in problems["clientid",]
    assert "use https" in problems["auth_url",]
    assert "hush" not in str(problems)


def test_a_one_time_pin_has_nothing_to_configure():
    assert [problem.path for problem in config_problems("onetimepin", {"client_id": "x"})] == [("client_id",)]


def test_an_unknown_type_is_an_error_of_the_caller():
    with pytest.raises(KeyError):
        config_problems("cloudflare", {})
