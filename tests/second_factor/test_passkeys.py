from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.second_factor.authenticator import PRESENT, Authenticator
from tests.second_factor.build import BIOMETRICS, KEY, factor

from doorward.second_factor.passkeys import (
    PasskeyRefusedError,
    Site,
    authenticated,
    authentication_options,
    registered,
    registration_options,
    shown_passkey,
)

SITE = Site("login.example.com", "https://login.example.com:8443", "Example")
CHALLENGE, OTHER = b"c" * 32, b"d" * 32


def made(kind=BIOMETRICS, known=(), challenge=CHALLENGE):
    return registration_options(SITE, kind, user_id="user-1", email="ann@example.com", known=known, challenge=challenge)


@pytest.fixture
def key():
    return Authenticator(SITE.origin)


def kept(key, kind=BIOMETRICS):
    new = registered(SITE, kind, key.create(made(kind)), CHALLENGE)
    return factor(kind, secret=new.public_key, credential_id=new.credential_id, sign_count=new.sign_count)


def test_what_a_browser_is_asked_says_which_kind_and_what_is_there_already(key):
    device, stick = json.loads(made()), json.loads(made(KEY, (kept(key), factor())))
    assert device["rp"] == {"name": "Example", "id": "login.example.com"}
    assert device["attestation"] == "none"
    wanted = device["authenticatorSelection"]
    assert (wanted["authenticatorAttachment"], wanted["userVerification"]) == ("platform", "required")
    wanted = stick["authenticatorSelection"]
    assert (wanted["authenticatorAttachment"], wanted["userVerification"]) == ("cross-platform", "preferred")
    assert len(stick["excludeCredentials"]) == 1, "a TOTP is no passkey"


@pytest.mark.parametrize(("kinds", "verification"), [((BIOMETRICS,), "required"), ((BIOMETRICS, KEY), "preferred")])
def test_a_device_has_to_verify_its_user(key, kinds, verification):
    known = [replace(kept(key), kind=kind) for kind in kinds]
    asked = json.loads(authentication_options(SITE, known, CHALLENGE))
    assert asked["userVerification"] == verification
    assert len(asked["allowCredentials"]) == len(kinds)


def test_a_passkey_is_made_and_proves_itself(key):
    mine = kept(key)
    answer = key.get(authentication_options(SITE, [mine], CHALLENGE))
    assert shown_passkey([factor(), mine], answer) == mine
    assert authenticated(SITE, mine, answer, CHALLENGE) == 1


def test_an_unknown_one_is_nobody_s(key):
    answer = key.get(authentication_options(SITE, [kept(key)], CHALLENGE))
    with pytest.raises(PasskeyRefusedError, match="none of this person's"):
        shown_passkey([factor()], answer)


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://login.example.com"},
        {"origin": "http://login.example.com:8443"},
        {"type": "webauthn.get"},
        {"challenge": "ZGRkZA"},
    ],
)
def test_an_answer_to_another_question_makes_nothing(key, lie):
    with pytest.raises(PasskeyRefusedError, match="not valid"):
        registered(SITE, BIOMETRICS, key.create(made(), **lie), CHALLENGE)


@pytest.mark.parametrize("change", [{"rp_id": "example.com"}, {"flags": 0}, {"flags": PRESENT}])
def test_an_authenticator_of_another_site_or_one_that_saw_nobody_makes_nothing(key, change):
    for name, value in change.items():
        setattr(key, name, value)
    with pytest.raises(PasskeyRefusedError):
        registered(SITE, BIOMETRICS, key.create(made()), CHALLENGE)


def test_a_kind_is_not_taken_for_another(key):
    key.attachment = "cross-platform"
    with pytest.raises(PasskeyRefusedError, match="a biometrics was wanted"):
        registered(SITE, BIOMETRICS, key.create(made()), CHALLENGE)
    assert registered(SITE, KEY, key.create(made(KEY)), CHALLENGE)


def test_a_challenge_that_is_gone_proves_nothing(key):
    mine = kept(key)
    answer = key.get(authentication_options(SITE, [mine], OTHER))
    for challenge in (CHALLENGE, b""):
        with pytest.raises(PasskeyRefusedError, match="did not prove itself"):
            authenticated(SITE, mine, answer, challenge)


def test_another_key_a_lower_count_and_an_unverified_user_are_refused(key):
    mine = kept(key)
    other = kept(Authenticator(SITE.origin))
    answer = key.get(authentication_options(SITE, [mine], CHALLENGE))
    with pytest.raises(PasskeyRefusedError):
        authenticated(SITE, replace(mine, secret=other.secret), answer, CHALLENGE)
    with pytest.raises(PasskeyRefusedError, match="did not prove itself"):
        authenticated(SITE, replace(mine, sign_count=1), answer, CHALLENGE)
    key.flags = PRESENT
    answer = key.get(authentication_options(SITE, [mine], CHALLENGE))
    with pytest.raises(PasskeyRefusedError):
        authenticated(SITE, mine, answer, CHALLENGE)
    assert authenticated(SITE, replace(mine, kind=KEY), answer, CHALLENGE) == 2, "a key only has to be touched"


@pytest.mark.parametrize("answer", ["", "null", "[]", "{", "[" * 100_000, '"x"', '{"a":' * 1000, "x" * 20_000])
def test_what_is_no_answer_is_refused(answer):
    with pytest.raises(PasskeyRefusedError, match="cannot be read"):
        registered(SITE, BIOMETRICS, answer, CHALLENGE)


@pytest.mark.parametrize("answer", ["{}", '{"id": 1}', '{"id": "x", "rawId": "x", "response": 7}'])
def test_what_is_no_credential_is_refused(answer):
    with pytest.raises(PasskeyRefusedError, match="not valid"):
        registered(SITE, BIOMETRICS, answer, CHALLENGE)
    with pytest.raises(PasskeyRefusedError):
        authenticated(SITE, factor(BIOMETRICS), answer, CHALLENGE)


@pytest.mark.parametrize("cose", [[1], "x", 7, {}, {1: 2}, {1: 2, 3: -7}, {1: 9, 3: -7}, {1: 2, 3: -7, -1: 1, -2: 5}])
def test_what_is_no_public_key_is_refused(key, cose):
    key.cose = cose
    with pytest.raises(PasskeyRefusedError, match="not valid"):
        registered(SITE, BIOMETRICS, key.create(made()), CHALLENGE)
