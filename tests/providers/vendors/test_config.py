"""The ``config`` of each vendor: what it needs, and what belongs to another."""

from __future__ import annotations

from typing import get_args

import pytest

from doorward.organization import VendorType
from doorward.providers import config_problems
from doorward.providers.vendors.openid import OPENID
from doorward.providers.vendors.plain import PLAIN

BASE = {"client_id": "client", "client_secret": "secret"}
GOOD = {
    "azureAD": {"directory_id": "3f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10", "support_groups": True, "prompt": "login"},
    "centrify": {"centrify_account": "abc.my.centrify.com", "centrify_app_id": "app"},
    "facebook": {},
    "github": {},
    "google": {"claims": ["hd"]},
    "google-apps": {"apps_domain": "example.com"},
    "linkedin": {},
    "okta": {"okta_account": "https://example.okta.com", "authorization_server_id": "default", "api_token": "t"},
    "onelogin": {"onelogin_account": "example"},
    "pingone": {"ping_env_id": "3f0c7c3e-1a7b"},
    "yandex": {},
}


def test_every_vendor_of_the_api_has_one_row_and_one_example():
    assert set(GOOD) == set(get_args(VendorType)) == set(OPENID) | set(PLAIN)
    assert not set(OPENID) & set(PLAIN)


@pytest.mark.parametrize("idp_type", GOOD)
def test_a_good_one_has_no_problems(idp_type):
    assert config_problems(idp_type, BASE | GOOD[idp_type]) == ()


@pytest.mark.parametrize("idp_type", GOOD)
def test_what_is_needed_is_named_and_what_is_foreign_too(idp_type):
    paths = {
        problem.path for problem in config_problems(idp_type, {"nonsense": 1, "apps_domain": "x", "ping_env_id": "y"})
    }
    assert {("client_id",), ("client_secret",), ("nonsense",)} <= paths
    assert (("apps_domain",) in paths) == (idp_type != "google-apps")
    assert (("ping_env_id",) in paths) == (idp_type != "pingone")
    for name in (OPENID.get(idp_type) or PLAIN[idp_type]).needed - {"apps_domain", "ping_env_id"}:
        assert (name,) in paths


@pytest.mark.parametrize(
    ("idp_type", "changes"),
    [
        ("azureAD", {"directory_id": "common"}),
        ("okta", {"okta_account": "example.okta.com/evil?"}),
        ("okta", {"authorization_server_id": "../evil"}),
        ("onelogin", {"onelogin_account": "evil.test/x?"}),
        ("pingone", {"ping_env_id": "a/b"}),
        ("centrify", {"centrify_app_id": "a#b"}),
        ("google", {"base_url": "http://accounts.example.com"}),
        ("google", {"base_url": "https://accounts.example.com/?x"}),
    ],
)
def test_a_field_cannot_lead_elsewhere(idp_type, changes):
    assert config_problems(idp_type, BASE | GOOD[idp_type] | changes)
