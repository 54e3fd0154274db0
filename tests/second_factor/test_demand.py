from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.second_factor.build import BIOMETRICS, HOUR, KEY, TOTP, policy
from tests.sessions.build import application, organization

from doorward.policy.mfa import MfaConfig
from doorward.second_factor import demanded, ever_demanded

EVERYWHERE = {"mfa_required_for_all_apps": True}


def of(mine=None, whole=None, **wide):
    return demanded(policy(mfa_config=mine), application(mfa_config=whole), organization(**wide))


def test_nothing_is_demanded_where_nobody_says_so():
    assert of() is None
    assert of(mfa_config={"session_duration": "1h"}) is None


@pytest.mark.parametrize(
    ("mine", "whole", "wide", "by"),
    [
        ({}, None, {}, "policy"),
        (None, {}, {}, "application"),
        (None, None, EVERYWHERE, "organization"),
        ({"mfa_disabled": True}, {}, EVERYWHERE, None),
        (None, {"mfa_disabled": True}, EVERYWHERE, None),
        ({}, {"mfa_disabled": True}, {}, "policy"),
        ({"mfa_disabled": True}, None, {}, None),
    ],
)
def test_the_policy_has_the_word_then_the_application_then_the_organization(mine, whole, wide, by):
    found = of(mine, whole, **wide)
    assert (found.by if found is not None else None) == by


def test_what_one_leaves_open_the_wider_one_says():
    wide = {"mfa_config": {"allowed_authenticators": ["totp"], "session_duration": "4h", "enrollment_allowed": False}}
    assert of({}, {}, **wide).allowed == (TOTP,)
    found = of({"allowed_authenticators": ["security_key"]}, {"session_duration": "2h"}, **wide)
    assert (found.allowed, found.seconds, found.enrollment_allowed) == ((KEY,), 2 * HOUR, False)
    assert of({"enrollment_allowed": True, "session_duration": "1h"}, None, **wide).enrollment_allowed


def test_by_default_every_kind_counts_for_a_day_and_may_be_set_up_on_the_way():
    found = of({})
    assert (found.allowed, found.seconds) == ((TOTP, BIOMETRICS, KEY), 24 * HOUR)
    assert (found.amr_seconds, found.enrollment_allowed) == (None, True)


def test_zero_counts_for_the_minute_that_the_way_in_takes():
    assert of({"session_duration": "0m"}).seconds == 60
    assert of({}, mfa_config={"amr_matching_session_duration": "0m"}).amr_seconds == 60


def test_what_providers_report_counts_as_long_as_the_organization_says():
    assert of({}, mfa_config={"amr_matching_session_duration": "30m"}).amr_seconds == 1800


@pytest.mark.parametrize("decision", ["deny", "bypass", "non_identity"])
def test_only_allow_policies_demand_anything(decision):
    assert demanded(policy(decision, mfa_config={}), application(), organization(**EVERYWHERE)) is None
    assert demanded(None, application(mfa_config={}), organization(**EVERYWHERE)) is None


def test_whether_anything_has_to_be_looked_up():
    plain, wants = policy(), policy(mfa_config={})
    assert not ever_demanded(application(policies=(plain,)), organization())
    assert ever_demanded(application(policies=(plain, wants)), organization())
    assert not ever_demanded(application(policies=()), organization(**EVERYWHERE))


@pytest.mark.parametrize(
    "config", [{"session_duration": "721h"}, {"allowed_authenticators": ["sms"]}, {"session_duration": "-1m"}, {"x": 1}]
)
def test_what_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        MfaConfig.model_validate(config)
