from __future__ import annotations

import pytest
from tests.access.world import EVERYONE, OFFICE, STAFF, STAFF_ONLY, application, policy, snapshot

from doorward.access.decide import fast_path_allowed

POSTURE = {"device_posture": {"integration_uid": "disk"}}
RISK = {"user_risk_score": {"user_risk_score": ["high"]}}
ASKED = {"external_evaluation": {"evaluate_url": "https://a.test/ask", "keys_url": "https://a.test/keys"}}
OKTA = {"okta": {"name": "Staff", "identity_provider_id": "idp-1"}}


@pytest.mark.parametrize(
    ("allowed", "policies"),
    [
        pytest.param(True, (STAFF_ONLY,), id="staff"),
        pytest.param(True, (policy("allow"),), id="everyone who can log in"),
        pytest.param(
            True, (policy("deny", {"email": {"email": "eve@example.com"}}), STAFF_ONLY), id="somebody blocked"
        ),
        pytest.param(
            True, (policy("non_identity", {"any_valid_service_token": {}}), STAFF_ONLY), id="staff or service token"
        ),
        pytest.param(False, (), id="no policies"),
        pytest.param(False, (policy("allow", STAFF, require=[OFFICE]),), id="staff in the office"),
        pytest.param(False, (policy("allow", STAFF, exclude=[{"geo": {"country_code": "NL"}}]),), id="staff abroad"),
        pytest.param(False, (policy("deny", OFFICE), STAFF_ONLY), id="office blocked"),
        pytest.param(False, (policy("bypass", EVERYONE), STAFF_ONLY), id="bypass"),
        pytest.param(False, (policy("bypass", OFFICE), STAFF_ONLY), id="bypass for the office"),
        pytest.param(False, (policy("non_identity", EVERYONE), STAFF_ONLY), id="everyone without a user"),
        pytest.param(False, (policy("non_identity", {"any_valid_service_token": {}}),), id="service tokens only"),
        pytest.param(False, (policy("deny", EVERYONE), STAFF_ONLY), id="everybody blocked"),
        pytest.param(False, (policy("allow", STAFF, require=[POSTURE]),), id="a device that is checked"),
        pytest.param(False, (policy("deny", RISK), STAFF_ONLY), id="a risk that is blocked"),
        pytest.param(True, (policy("allow", STAFF, require=[ASKED]),), id="staff whom another service knows"),
        pytest.param(True, (policy("allow", OKTA),), id="a group at the provider"),
    ],
)
def test_envoy_decides_alone_only_where_asking_again_would_say_the_same(allowed: bool, policies):
    app = application(*policies)
    assert fast_path_allowed(app, snapshot(app)) is allowed


def test_a_binding_cookie_needs_the_control_plane():
    app = application(STAFF_ONLY, enable_binding_cookie=True)
    assert not fast_path_allowed(app, snapshot(app))
