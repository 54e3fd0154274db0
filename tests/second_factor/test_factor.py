from __future__ import annotations

import pytest
from tests.second_factor.build import BIOMETRICS, KEY, NOW, TOTP, demand, factor, proof, proofs

from doorward.second_factor import NO_PROOFS, Proof, Step, may_enroll, next_step, to_enroll, to_show

APP, DEVICE, STICK = factor(TOTP), factor(BIOMETRICS), factor(KEY)
RECOVERED = proofs(recovered_at=NOW)


@pytest.mark.parametrize(
    ("wanted", "mine", "shown", "step"),
    [
        (demand(), (), NO_PROOFS, Step.ENROLL),
        (demand(enrollment_allowed=False), (), NO_PROOFS, Step.REFUSED),
        (demand(TOTP), (APP,), NO_PROOFS, Step.SHOW),
        (demand(), (STICK,), NO_PROOFS, Step.SHOW),
        (demand(KEY), (APP,), NO_PROOFS, Step.SHOW_OTHER),
        (demand(KEY), (APP,), proofs(proof()), Step.ENROLL),
        (demand(KEY), (APP,), proofs(proof(at=NOW - 600)), Step.SHOW_OTHER),
        (demand(TOTP), (APP,), RECOVERED, Step.ENROLL),
        (demand(TOTP), (APP, STICK), proofs(proof(KEY)), Step.SHOW),
        (demand(KEY, enrollment_allowed=False), (APP,), proofs(proof()), Step.ENROLL),
        (demand(KEY), (APP, DEVICE), proofs(proof()), Step.SHOW_OTHER),
        (demand(KEY), (APP, DEVICE), proofs(proof(BIOMETRICS)), Step.ENROLL),
    ],
)
def test_where_a_visitor_is_led(wanted, mine, shown, step):
    assert next_step(wanted, mine, shown, NOW) is step


def test_what_a_provider_reports_sets_nothing_up():
    assert next_step(demand(KEY), (APP,), proofs(Proof(TOTP, NOW)), NOW) is Step.SHOW_OTHER


def test_only_kinds_that_count_are_set_up():
    assert to_enroll(demand(TOTP, KEY), (), NO_PROOFS, NOW) == (TOTP, KEY)
    assert not may_enroll(BIOMETRICS, demand(TOTP), (), NO_PROOFS, NOW)


def test_a_code_adds_no_passkey_where_there_is_one_but_a_new_app():
    wanted, mine, shown = demand(), (APP, STICK), proofs(proof(TOTP))
    assert to_enroll(wanted, mine, shown, NOW) == (TOTP,)
    assert to_enroll(wanted, mine, proofs(proof(KEY)), NOW) == (TOTP, BIOMETRICS, KEY)
    assert to_enroll(wanted, mine, RECOVERED, NOW) == (TOTP, BIOMETRICS, KEY)
    assert to_enroll(wanted, mine, NO_PROOFS, NOW) == ()


def test_what_is_asked_for_is_what_helps():
    assert to_show(Step.SHOW, demand(TOTP, KEY), (APP, DEVICE, STICK), NOW) == (APP, STICK)
    assert to_show(Step.SHOW_OTHER, demand(KEY), (APP, DEVICE), NOW) == (DEVICE,)
    assert to_show(Step.SHOW_OTHER, demand(KEY), (APP,), NOW) == (APP,)
