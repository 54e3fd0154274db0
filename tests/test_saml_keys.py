"""When the keys of SAML change."""

from __future__ import annotations

import pytest
from tests.tokens.material import NOW, private_key

from doorward.saml_keys import ADVANCE, LIFETIME, OVERLAP, Due, SamlKeys, due
from doorward.tokens.keys import issue


def key(name="current", active_from=NOW):
    return issue(private_key(name), "Doorward SAML", active_from)


OLD, NEW = key("current", NOW), key("other", NOW + LIFETIME)


def both(*keys):
    return SamlKeys(tuple(keys), tuple(keys))


def test_the_first_keys_are_made_at_once():
    assert due(SamlKeys(), NOW) == Due((("signing", NOW), ("encryption", NOW)))
    assert due(SamlKeys(signing=(OLD,)), NOW) == Due((("encryption", NOW),))


@pytest.mark.parametrize(
    ("now", "create"),
    [
        (NOW, ()),
        (NOW + LIFETIME - ADVANCE - 1, ()),
        (NOW + LIFETIME - ADVANCE, (("signing", NOW + LIFETIME), ("encryption", NOW + LIFETIME))),
        (NOW + LIFETIME + 5, (("signing", NOW + LIFETIME + 5), ("encryption", NOW + LIFETIME + 5))),
    ],
)
def test_the_next_keys_are_made_ahead_of_time(now, create):
    assert due(both(OLD), now) == Due(create)


@pytest.mark.parametrize(("later", "dropped"), [(OVERLAP - 1, False), (OVERLAP, True)])
def test_an_old_key_goes_when_its_successor_has_long_been_in_use(later, dropped):
    found = due(both(OLD, NEW), NOW + LIFETIME + later)
    assert found == Due((), (OLD.kid, OLD.kid) if dropped else ())


def test_the_metadata_shows_the_next_key_before_it_signs():
    keys = both(OLD, NEW)
    assert keys.signers(NOW + 1) == (OLD, NEW)
    assert keys.signs(NOW + LIFETIME - 1) == OLD
    assert keys.signers(NOW + LIFETIME) == (NEW,)


def test_providers_encrypt_to_the_key_in_use_and_both_open_it():
    keys = both(OLD, NEW)
    assert keys.encrypts(NOW + 1) == OLD
    assert keys.encrypts(NOW + LIFETIME) == NEW
    assert keys.decrypting == (NEW, OLD)


def test_a_clock_that_was_set_back_leaves_a_key():
    assert both(OLD, NEW).signs(NOW - 1_000_000) == OLD


def test_without_keys_nothing_is_signed():
    with pytest.raises(LookupError, match="no SAML key"):
        SamlKeys().signs(NOW)
    with pytest.raises(LookupError, match="no SAML key"):
        SamlKeys().encrypts(NOW)
