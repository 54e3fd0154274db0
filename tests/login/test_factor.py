from __future__ import annotations

import base64
import re

import pytest
from tests.login.approving import followed
from tests.login.factoring import (
    APP_HOST,
    APP_WIDE,
    CLOSED,
    CLOSED_HOST,
    KEYS,
    KEYS_HOST,
    SAFE,
    SAFE_HOST,
    STRICT,
    STRICT_HOST,
    arrive,
    current,
    send,
    set_up_totp,
    type_code,
    with_factors,
)
from tests.login.world import TEAM, WIKI, Browser, person, policy, protected
from tests.second_factor.authenticator import PRESENT, Authenticator
from tests.tokens.material import ring

from doorward.client_certificates import CertificateFacts
from doorward.login.factor_visit import ALL_TRIES, DAY, KNOWN_FOR, TRIES, TRY_WINDOW
from doorward.pages import ChooseFactor, EnrollPasskey, EnrollTotp, Problem, Recover, RecoveryCodes, ShowFactor
from doorward.signin import HANDOFF_LIFETIME
from doorward.tokens.jwt import verify_app_any

HOUR = 3600


@pytest.fixture(autouse=True)
def applications(world):
    with_factors(world)


def claims(world, browser, host):
    token = browser.cookie(host, "CF_Authorization")
    return verify_app_any(token, ring(), issuer=world.organization.issuer, now=world.time)


async def user_id(world, email="ada@example.com"):
    return await world.store.users.find(email)


async def factors(world, email="ada@example.com"):
    return await world.store.factors.of(await user_id(world, email))


def outcomes(world):
    return [record.outcome for record in world.records if record.kind == "factor"]


def authenticator(world, attachment="platform"):
    return Authenticator(world.organization.issuer, attachment)


async def set_up_passkey(world, browser, key, way):
    """From the page that asks which kind, to the recovery codes."""
    url = next(url for kind, _, url in world.shown.choices if kind == way)
    response = await browser.get(url)
    assert response.status_code == 200
    page = world.shown.passkey
    return await send(browser, page.action, page.proof, answer=key.create(page.options))


# Enrolment at the first demand, and showing afterwards.


async def test_the_first_time_an_authenticator_is_set_up_and_only_then_somebody_enters(world, browser):
    response = await arrive(browser)
    assert response.status_code == 200
    assert isinstance(world.shown, EnrollTotp)
    assert not browser.cookie(SAFE_HOST, "CF_Authorization")
    page = world.shown
    assert page.uri.startswith("otpauth://totp/Example:ada%40example.com?secret=")
    picture = base64.b64decode(page.picture.partition("base64,")[2]).decode()
    assert picture.startswith("<svg xmlns=")
    assert "style=" not in picture
    response = await send(browser, page.action, page.proof, code=current(world, page.secret))
    assert response.status_code == 200
    assert isinstance(world.shown, RecoveryCodes)
    assert len(set(world.shown.codes)) == 8
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code) for code in world.shown.codes)
    response = await followed(browser, await browser.get(world.shown.next_url))
    assert response.headers["location"].startswith(f"{world.origin(SAFE_HOST)}/cdn-cgi/access/authorized")
    response = await browser.get(response.headers["location"])
    assert response.headers["location"] == f"{world.origin(SAFE_HOST)}/"
    assert claims(world, browser, SAFE_HOST).email == "ada@example.com"
    assert outcomes(world) == ["enrolled"]


async def test_the_secret_is_not_in_the_database_in_clear_and_never_in_a_record(world, browser, tmp_path):
    secret, _ = await set_up_totp(browser)
    (factor,) = await factors(world)
    assert factor.secret == secret.replace(" ", "")
    files = b"".join(file.read_bytes() for file in (tmp_path / "store").glob("doorward.db*"))
    assert b"policy-safe" in files, "what is written can be found"
    assert factor.secret.encode() not in files
    assert factor.secret not in repr(factor)
    assert factor.secret not in "".join(str(record) for record in world.records)


async def test_the_token_ends_when_the_second_factor_does_though_the_session_is_longer(world, browser):
    await set_up_totp(browser)
    token = claims(world, browser, SAFE_HOST)
    assert token.exp == world.time + 2 * HOUR, "not the 8 hours of the application"


async def test_a_second_entry_within_the_time_asks_nothing_and_ends_when_the_first_would_have(world, browser):
    await set_up_totp(browser)
    first = claims(world, browser, SAFE_HOST)
    world.time += HOUR
    response = await arrive(browser)
    await browser.get(response.headers["location"])
    assert claims(world, browser, SAFE_HOST).exp == first.exp


async def test_after_its_time_it_is_asked_for_again_and_a_code_lets_in(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    response = await arrive(browser)
    assert response.status_code == 200
    assert isinstance(world.shown, ShowFactor)
    assert world.shown.passkey is None
    response = await type_code(browser, secret)
    assert response.headers["location"].startswith(world.origin(SAFE_HOST))
    await browser.get(response.headers["location"])
    assert claims(world, browser, SAFE_HOST).exp == world.time + 2 * HOUR
    assert outcomes(world) == ["enrolled", "shown"]
    allowed = world.records[-1]
    (rule,) = [rule for rule in allowed.trace[-1]["rules"] if "mfa_config" in rule["rule"]]
    assert rule["match"] == "yes"
    assert "a code of an authenticator app was shown" in rule["because"]


async def test_an_application_without_a_demand_asks_nothing(world, browser):
    response = await browser.sign_in(WIKI)
    assert response.headers["location"] == f"{world.origin('wiki.example.com')}/"
    assert not await factors(world)


async def test_zero_minutes_asks_at_every_entry(world, browser):
    secret, _ = await set_up_totp(browser, STRICT, STRICT_HOST)
    assert claims(world, browser, STRICT_HOST).exp == world.time + 60
    world.time += 60
    assert (await arrive(browser, STRICT, STRICT_HOST)).status_code == 200
    response = await type_code(browser, secret)
    assert response.headers["location"].startswith(world.origin(STRICT_HOST))


async def test_an_application_can_demand_it_and_offers_every_kind(world, browser):
    assert (await arrive(browser, APP_WIDE, APP_HOST)).status_code == 200
    assert isinstance(world.shown, ChooseFactor)
    assert [kind for kind, _, _ in world.shown.choices] == ["totp", "biometrics", "security_key"]


async def test_the_organization_can_demand_it_everywhere(world, browser):
    fields = {"mfa_required_for_all_apps": True, "mfa_config": {"allowed_authenticators": ["totp"]}}
    world.organization = type(world.organization).model_validate(world.organization.model_dump() | fields)
    assert (await arrive(browser, WIKI, "wiki.example.com")).status_code == 200
    assert isinstance(world.shown, EnrollTotp)


async def test_where_enrolment_is_forbidden_nobody_without_an_authenticator_gets_in(world, browser):
    response = await arrive(browser, CLOSED, CLOSED_HOST)
    assert response.status_code == 403
    assert isinstance(world.shown, Problem)
    assert world.records[-1].refusal == "no_factor"


async def test_where_enrolment_is_forbidden_one_that_was_set_up_elsewhere_lets_in(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 25 * HOUR
    fresh = Browser(world)
    assert (await arrive(fresh, CLOSED, CLOSED_HOST)).status_code == 200
    assert isinstance(world.shown, ShowFactor)
    assert (await type_code(fresh, secret)).headers["location"].startswith(world.origin(CLOSED_HOST))


async def test_a_wrong_first_code_keeps_the_same_secret(world, browser):
    await arrive(browser)
    page = world.shown
    response = await send(browser, page.action, page.proof, code="000000")
    assert response.status_code == 400
    assert world.shown.error
    assert world.shown.secret == page.secret
    assert not await factors(world)


async def test_ten_tabs_show_the_same_secret(world, browser):
    await arrive(browser)
    first = world.shown.secret
    await arrive(browser)
    assert world.shown.secret == first


async def test_what_a_provider_reports_counts_where_the_organization_says_so(world, browser):
    world.providers.people["ada"] = person(amr=("pwd", "otp"))
    await arrive(browser)
    assert isinstance(world.shown, EnrollTotp), "not without the setting"
    fields = {"mfa_config": {"amr_matching_session_duration": "30m"}}
    world.organization = type(world.organization).model_validate(world.organization.model_dump() | fields)
    response = await arrive(browser)
    assert response.headers["location"].startswith(world.origin(SAFE_HOST))
    await browser.get(response.headers["location"])
    assert claims(world, browser, SAFE_HOST).exp == world.time + 1800


async def test_the_audit_says_what_was_tried_in_vain(world, browser):
    await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    response = await send(browser, page.code_action, page.code_proof, code="000000")
    assert response.status_code == 400
    assert world.shown.error
    assert outcomes(world) == ["enrolled", "wrong"]


# Attacks (peers.md C.3).


async def test_g7_110_authorized_is_not_reached_before_the_second_factor(world, browser):
    """The hand-off is made only after it; one from before the demand was made stricter is not taken."""
    loose = world.applications
    world.change(
        SAFE, policies=[{"id": "policy-safe", "name": "Allow", "decision": "allow", "include": [{"everyone": {}}]}]
    )
    response = await arrive(browser)
    handoff = response.headers["location"]
    world.applications = loose
    response = await browser.get(handoff)
    assert response.status_code == 400
    assert not browser.cookie(SAFE_HOST, "CF_Authorization")


async def test_g7_110_a_hand_off_from_just_before_the_end_of_the_proof_is_worth_nothing_after_it(world, browser):
    await set_up_totp(browser)
    browser.jar = {key: value for key, value in browser.jar.items() if key[:2] != (SAFE_HOST, "CF_Authorization")}
    world.time += 2 * HOUR - HANDOFF_LIFETIME // 2
    response = await arrive(browser)
    world.time += HANDOFF_LIFETIME - 1
    response = await browser.get(response.headers["location"])
    assert response.status_code == 400
    assert not browser.cookie(SAFE_HOST, "CF_Authorization")


async def test_g7_110_another_tab_or_the_callback_again_leads_back_to_the_question(world, browser):
    await arrive(browser)
    for _ in range(2):
        assert (await arrive(browser)).status_code == 200
        assert isinstance(world.shown, EnrollTotp)
    assert not browser.cookie(SAFE_HOST, "CF_Authorization")


async def test_g7_110_an_empty_form_a_missing_proof_and_an_unknown_way_lead_nowhere(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    assert (await browser.post(page.code_action, {})).status_code == 400
    assert isinstance(world.shown, Problem)
    assert (await browser.post(page.code_action, {"code": current(world, secret)})).status_code == 400, "no proof"
    assert (await send(browser, page.code_action, page.code_proof)).status_code == 400, "no code"
    for way in ("", "totp", "nonsense", "passkey"):
        response = await browser.post(
            page.code_action.replace("way=code", f"way={way}"), {"code": current(world, secret)}
        )
        assert response.status_code in {303, 400}, way
    assert (await arrive(browser)).status_code == 200
    assert isinstance(world.shown, ShowFactor)


async def test_g7_110_what_one_session_has_shown_opens_nothing_to_another_session_of_the_same_person(world, browser):
    await set_up_totp(browser)
    thief = Browser(world)
    assert (await arrive(thief)).status_code == 200
    assert isinstance(world.shown, ShowFactor)


async def test_g7_110_the_form_of_one_session_proves_nothing_in_another(world, browser):
    """Somebody who got past the first factor cannot have the owner's browser, or their own form, do the rest."""
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    thief = Browser(world)
    await arrive(thief)
    response = await send(thief, page.code_action, page.code_proof, code=current(world, secret))
    assert response.status_code == 400
    assert (await arrive(thief)).status_code == 200


async def test_g7_110_another_site_s_form_is_refused(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    form = {"proof": page.code_proof, "code": current(world, secret)}
    response = await browser.post(page.code_action, form, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 400


async def test_g7_110_a_stolen_login_sets_up_no_authenticator_of_its_own(world, browser):
    """With an authenticator in place, each further one asks for it: at the page, and at the form."""
    await set_up_totp(browser)
    thief = Browser(world)
    await arrive(thief, KEYS, KEYS_HOST)
    assert isinstance(world.shown, ShowFactor)
    assert world.shown.other
    assert (await thief.get(world.shown.recovery_url.replace("way=recovery", "way=security_key"))).status_code == 200
    assert isinstance(world.shown, ShowFactor), "the address of the page alone helps nobody"
    key = authenticator(world)
    page = world.shown
    response = await thief.post(
        page.code_action.replace("way=code", "way=biometrics"), {"proof": page.code_proof, "answer": "{}"}
    )
    assert response.status_code == 400, "the proof of another form"
    assert len(await factors(world)) == 1
    assert key.count == 0


async def test_g7_110_two_first_authenticators_at_once_are_not_both_kept(world, browser):
    """The one who comes second is judged by what the first one left."""
    await arrive(browser)
    mine = world.shown
    thief = Browser(world)
    await arrive(thief)
    theirs = world.shown
    assert mine.secret != theirs.secret
    assert (await send(browser, mine.action, mine.proof, code=current(world, mine.secret))).status_code == 200
    response = await send(thief, theirs.action, theirs.proof, code=current(world, theirs.secret))
    assert response.status_code == 403
    assert [factor.secret for factor in await factors(world)] == [mine.secret.replace(" ", "")]


async def test_g7_110_what_a_one_time_pin_or_an_untrusted_provider_reports_is_no_second_factor(world, browser):
    fields = {"mfa_config": {"amr_matching_session_duration": "30m"}}
    world.organization = type(world.organization).model_validate(world.organization.model_dump() | fields)
    world.providers.people["ada"] = person(amr=("otp",), idp_type="onetimepin")
    assert (await arrive(browser)).status_code == 200
    assert isinstance(world.shown, EnrollTotp)


async def test_g7_111_a_code_works_once(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    await type_code(browser, secret)
    thief = Browser(world)
    await arrive(thief)
    response = await type_code(thief, secret)
    assert response.status_code == 400, "the same code in the same half minute"
    assert isinstance(world.shown, ShowFactor)
    response = await type_code(thief, secret, -1)
    assert response.status_code == 400, "nor one from before it"
    assert (await type_code(thief, secret, 1)).status_code == 302


async def test_g7_111_the_code_of_the_enrolment_works_once_too(world, browser):
    secret, _ = await set_up_totp(browser)
    thief = Browser(world)
    await arrive(thief)
    assert (await type_code(thief, secret)).status_code == 400


async def test_g7_111_guessing_ends_after_some_tries_and_then_even_the_right_code_is_not_looked_at(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    for _ in range(TRIES):
        await send(browser, page.code_action, page.code_proof, code="000000")
    response = await send(browser, page.code_action, page.code_proof, code=current(world, secret))
    assert response.status_code == 429
    assert response.headers["retry-after"] == str(TRY_WINDOW)
    world.time += TRY_WINDOW
    await arrive(browser)
    assert (await type_code(browser, secret)).status_code == 302


async def test_g7_111_guessing_from_many_addresses_ends_as_well(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    page = world.shown
    for number in range(ALL_TRIES):
        world.ip = f"198.51.100.{number}"
        await send(browser, page.code_action, page.code_proof, code="000000")
    world.ip = "192.0.2.1"
    response = await send(browser, page.code_action, page.code_proof, code=current(world, secret))
    assert response.status_code == 429
    assert response.headers["retry-after"] == str(DAY)


async def test_g7_111_the_tries_of_one_person_are_not_those_of_another(world, browser):
    secret, _ = await set_up_totp(browser)
    other = Browser(world)
    await set_up_totp(other, code="bob")
    world.time += 2 * HOUR
    await arrive(other)
    page = world.shown
    for _ in range(TRIES + 1):
        await send(other, page.code_action, page.code_proof, code="000000")
    await arrive(browser)
    assert (await type_code(browser, secret)).status_code == 302


async def test_g7_111_right_codes_are_not_tries(world, browser):
    secret, _ = await set_up_totp(browser, STRICT, STRICT_HOST)
    for _ in range(TRIES + 2):
        world.time += 61
        await arrive(browser, STRICT, STRICT_HOST)
        assert (await type_code(browser, secret)).status_code == 302


async def guessed_from_everywhere(world):
    """All the tries of a day, by somebody who has got past the first factor."""
    thief = Browser(world)
    world.ip = "198.51.100.1"
    await arrive(thief)
    page = world.shown
    for number in range(ALL_TRIES):
        world.ip = f"198.51.100.{number // TRIES}"
        response = await send(thief, page.code_action, page.code_proof, code="000000")
        assert response.status_code == 400


async def test_g7_111_whoever_guesses_elsewhere_does_not_lock_the_owner_out(world, browser):
    home = world.ip
    secret, _ = await set_up_totp(browser)
    await guessed_from_everywhere(world)
    world.time += HOUR
    owner = Browser(world)
    world.ip = "192.0.2.1"
    await arrive(owner)
    assert (await type_code(owner, secret)).status_code == 429, "an address that nobody knows gets no try of its own"
    world.ip = home
    assert (await arrive(owner)).status_code == 200
    assert (await type_code(owner, secret)).status_code == 302


async def test_g7_111_a_known_address_is_no_way_to_guess_more(world, browser):
    secret, _ = await set_up_totp(browser)
    thief = Browser(world)
    for _ in range(ALL_TRIES // TRIES):
        await arrive(thief)
        page = world.shown
        for _ in range(TRIES):
            response = await send(thief, page.code_action, page.code_proof, code="000000")
            assert response.status_code == 400
        assert (await send(thief, page.code_action, page.code_proof, code="000000")).status_code == 429
        world.time += TRY_WINDOW
    await arrive(thief)
    response = await type_code(thief, secret)
    assert response.status_code == 429
    assert response.headers["retry-after"] == str(DAY)


async def test_g7_111_an_address_is_known_for_its_person_only_and_for_thirty_days(world, browser):
    home = world.ip
    secret, _ = await set_up_totp(browser)
    await set_up_totp(Browser(world), code="bob")
    world.time += KNOWN_FOR
    await guessed_from_everywhere(world)
    world.ip = home
    owner = Browser(world)
    await arrive(owner)
    assert (await type_code(owner, secret)).status_code == 429
    await arrive(owner, code="bob")


# The session gets another name.


def copied(world, browser):
    """Another browser with the same cookies of the team domain."""
    thief = Browser(world)
    thief.jar.update({key: value for key, value in browser.jar.items() if key[0] == TEAM})
    return thief


async def test_g6_90_a_copied_session_does_not_gain_the_factor_that_its_owner_shows(world, browser):
    secret, _ = await set_up_totp(Browser(world))
    world.time += 120
    await arrive(browser)
    page = world.shown
    thief = copied(world, browser)
    before = browser.cookie(TEAM, "__Host-CF_Authorization")
    assert (await thief.get(world.door(thief, SAFE, SAFE_HOST))).status_code == 302, "signed in, without a factor"
    response = await send(browser, page.code_action, page.code_proof, code=current(world, secret))
    assert browser.cookie(TEAM, "__Host-CF_Authorization") != before
    assert (await browser.get(response.headers["location"])).status_code == 302
    assert claims(world, browser, SAFE_HOST)
    response = await thief.get(world.door(thief, SAFE, SAFE_HOST))
    assert response.status_code == 200, "the copy is nobody's any more: the login page"
    assert not thief.cookie(SAFE_HOST, "CF_Authorization")


async def test_g6_90_nor_the_one_that_is_set_up_or_a_recovery_code(world, browser):
    await arrive(browser)
    page = world.shown
    thief = copied(world, browser)
    await send(browser, page.action, page.proof, code=current(world, page.secret))
    codes = world.shown.codes
    assert (await thief.get(world.door(thief, SAFE, SAFE_HOST))).status_code == 200
    fresh = Browser(world)
    await arrive(fresh)
    thief = copied(world, fresh)
    await recover(world, fresh, codes[0])
    assert isinstance(world.shown, EnrollTotp)
    response = await thief.get(world.door(thief, SAFE, SAFE_HOST))
    assert response.status_code == 200
    assert not isinstance(world.shown, EnrollTotp)


async def test_g6_90_a_hand_off_of_the_old_name_is_worth_nothing_and_signing_out_ends_the_new_one(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += HOUR
    pending = (await arrive(browser)).headers["location"]
    old = claims(world, browser, SAFE_HOST)
    await arrive(browser, STRICT, STRICT_HOST)
    page = world.shown
    assert (await type_code(browser, secret)).status_code == 302
    assert not isinstance(world.shown, Problem)
    (only,) = await world.store.sessions.live_of(await user_id(world), world.time)
    former = await world.store.sessions.find(old.identity_nonce)
    assert former.revoked_at == world.time
    assert (only.created_at, only.expires_at) == (former.created_at, former.expires_at)
    assert only.identity == former.identity
    tokens = await world.store.app_tokens.by_session(old.identity_nonce)
    assert [token.revoked_at for token in tokens] == [world.time]
    thief = Browser(world)
    thief.jar.update(browser.jar)
    thief.jar.pop((SAFE_HOST, "CF_Authorization", "/"), None)
    await thief.get(pending)
    assert not thief.cookie(SAFE_HOST, "CF_Authorization")
    assert (await browser.post(page.code_action, {"proof": page.code_proof, "code": "000000"})).status_code != 400
    again = await arrive(browser)
    assert again.headers["location"].startswith(world.origin(SAFE_HOST)), "what was shown before counts on"
    await browser.team("/logout")
    assert await world.store.sessions.live_of(await user_id(world), world.time) == ()


async def test_a_session_that_ended_while_the_code_was_typed_gets_no_new_name(world, browser, monkeypatch):
    secret, _ = await set_up_totp(browser)
    world.time += 2 * HOUR
    await arrive(browser)
    show = type(world.store.factors).show_code

    async def and_signed_out(store, factor, step, nonce, now):
        shown = await show(store, factor, step, nonce, now)
        await world.store.sessions.revoke(nonce, now)
        return shown

    monkeypatch.setattr(type(world.store.factors), "show_code", and_signed_out)
    response = await type_code(browser, secret)
    assert "/authorized" not in response.headers.get("location", "")
    assert await world.store.sessions.live_of(await user_id(world), world.time) == ()


# Recovery.


async def recovery_codes(world, browser):
    await arrive(browser)
    page = world.shown
    await send(browser, page.action, page.proof, code=current(world, page.secret))
    return page.secret, world.shown.codes


async def recover(world, browser, code):
    await browser.get(world.shown.recovery_url)
    assert isinstance(world.shown, Recover)
    return await send(browser, world.shown.action, world.shown.proof, code=code)


async def test_a_recovery_code_opens_no_application_but_lets_set_up_another_authenticator(world, browser):
    old, codes = await recovery_codes(world, browser)
    fresh = Browser(world)
    await arrive(fresh)
    response = await recover(world, fresh, codes[3].lower().replace("-", " "))
    assert response.status_code == 200
    assert isinstance(world.shown, EnrollTotp)
    assert not fresh.cookie(SAFE_HOST, "CF_Authorization")
    page = world.shown
    assert page.secret != old
    response = await send(fresh, page.action, page.proof, code=current(world, page.secret))
    assert response.headers["location"].startswith(world.origin(SAFE_HOST)), "and no new codes: seven are left"
    (factor,) = await factors(world)
    assert factor.secret == page.secret.replace(" ", ""), "the old one is gone with the phone"
    assert outcomes(world)[-2:] == ["recovered", "enrolled"]
    assert await world.store.factors.codes_left(await user_id(world)) == 7


async def test_what_rested_on_the_old_authenticator_has_to_be_shown_again(world, browser):
    _, codes = await recovery_codes(world, browser)
    assert (await arrive(browser)).status_code == 302
    fresh = Browser(world)
    await arrive(fresh)
    await recover(world, fresh, codes[0])
    page = world.shown
    await send(fresh, page.action, page.proof, code=current(world, page.secret))
    assert (await arrive(browser)).status_code == 200
    assert isinstance(world.shown, ShowFactor)


async def test_a_recovery_code_works_once_and_for_its_owner_only(world, browser):
    _, codes = await recovery_codes(world, browser)
    other = Browser(world)
    await set_up_totp(other, code="bob")
    world.time += 2 * HOUR
    await arrive(other)
    assert (await recover(world, other, codes[0])).status_code == 400
    assert world.shown.error
    for expected in (200, 400):
        fresh = Browser(world)
        await arrive(fresh)
        assert (await recover(world, fresh, codes[0])).status_code == expected


async def test_what_a_recovery_code_allows_ends_after_ten_minutes(world, browser):
    _, codes = await recovery_codes(world, browser)
    fresh = Browser(world)
    await arrive(fresh)
    await recover(world, fresh, codes[0])
    page = world.shown
    world.time += 600
    await send(fresh, page.action, page.proof, code=current(world, page.secret))
    assert isinstance(world.shown, Problem)
    assert len(await factors(world)) == 1


async def test_g7_111_recovery_codes_are_guessed_no_more_often_than_others(world, browser):
    _, codes = await recovery_codes(world, browser)
    fresh = Browser(world)
    await arrive(fresh)
    await fresh.get(world.shown.recovery_url)
    page = world.shown
    for _ in range(TRIES):
        await send(fresh, page.action, page.proof, code="AAAA-AAAA-AAAA-AAAA")
    assert (await send(fresh, page.action, page.proof, code=codes[0])).status_code == 429


# Passkeys.


@pytest.mark.parametrize(("way", "attachment"), [("biometrics", "platform"), ("security_key", "cross-platform")])
async def test_a_passkey_is_set_up_and_shown_later(world, browser, way, attachment):
    assert (await arrive(browser, KEYS, KEYS_HOST)).status_code == 200
    key = authenticator(world, attachment)
    await set_up_passkey(world, browser, key, way)
    assert isinstance(world.shown, RecoveryCodes)
    response = await followed(browser, await browser.get(world.shown.next_url))
    assert response.headers["location"].startswith(world.origin(KEYS_HOST))

    fresh = Browser(world)
    response = await arrive(fresh, KEYS, KEYS_HOST)
    assert "script-src 'self';" in response.headers["content-security-policy"]
    assert isinstance(world.shown, ShowFactor)
    assert not world.shown.code_action
    page = world.shown.passkey
    response = await send(fresh, page.action, page.proof, answer=key.get(page.options))
    assert response.headers["location"].startswith(world.origin(KEYS_HOST))
    (factor,) = await factors(world)
    assert (factor.kind.value, factor.sign_count) == (way, 1)


async def test_the_script_is_served_under_the_name_that_the_page_says_and_no_other_page_runs_one(world, browser):
    await arrive(browser, KEYS, KEYS_HOST)
    response = await browser.get(world.shown.choices[0][2])
    assert isinstance(world.shown, EnrollPasskey)
    assert "script-src 'self';" in response.headers["content-security-policy"]
    script = await browser.get(world.origin(TEAM) + world.shown.passkey.script)
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    older = await browser.team("/assets/passkey.0000.js")
    assert older.text == script.text
    assert "immutable" not in older.headers["cache-control"]
    plain = await arrive(browser)
    assert "script-src" not in plain.headers["content-security-policy"]


LIES = {
    "the wrong site": {"origin": "https://login.example.com.evil.test"},
    "another kind of answer": {"type": "webauthn.create"},
    "another challenge": {"challenge": "AAAA"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_g7_110_a_passkey_proves_nothing_for(world, browser, lie):
    await arrive(browser, KEYS, KEYS_HOST)
    key = authenticator(world)
    await set_up_passkey(world, browser, key, "biometrics")
    fresh = Browser(world)
    await arrive(fresh, KEYS, KEYS_HOST)
    page = world.shown.passkey
    response = await send(fresh, page.action, page.proof, answer=key.get(page.options, **lie))
    assert response.status_code == 400
    assert isinstance(world.shown, ShowFactor)
    assert outcomes(world)[-1] == "wrong"
    page = world.shown.passkey
    assert (await send(fresh, page.action, page.proof, answer=key.get(page.options))).status_code == 302, (
        "the truth does"
    )


async def test_g7_110_an_answer_is_taken_once(world, browser):
    await arrive(browser, KEYS, KEYS_HOST)
    key = authenticator(world)
    await set_up_passkey(world, browser, key, "biometrics")
    fresh = Browser(world)
    await arrive(fresh, KEYS, KEYS_HOST)
    page = world.shown.passkey
    answer = key.get(page.options)
    await send(fresh, page.action, page.proof, answer=answer)
    world.time += 25 * HOUR
    world.organization = type(world.organization).model_validate(
        world.organization.model_dump() | {"session_duration": "48h"}
    )
    again = Browser(world)
    await arrive(again, KEYS, KEYS_HOST)
    page = world.shown.passkey
    assert (await send(again, page.action, page.proof, answer=answer)).status_code == 400


async def test_g7_110_another_person_s_passkey_and_a_copied_one_are_refused(world, browser):
    await arrive(browser, KEYS, KEYS_HOST)
    key = authenticator(world)
    await set_up_passkey(world, browser, key, "biometrics")
    other = Browser(world)
    await arrive(other, KEYS, KEYS_HOST, code="bob")
    await set_up_passkey(world, other, authenticator(world), "biometrics")
    fresh = Browser(world)
    await arrive(fresh, KEYS, KEYS_HOST, code="bob")
    page = world.shown.passkey
    assert (await send(fresh, page.action, page.proof, answer=key.get(page.options))).status_code == 400

    mine = Browser(world)
    await arrive(mine, KEYS, KEYS_HOST)
    key.count = 10
    page = world.shown.passkey
    assert (await send(mine, page.action, page.proof, answer=key.get(page.options))).status_code == 302
    copied = Browser(world)
    await arrive(copied, KEYS, KEYS_HOST)
    key.count = 5
    page = world.shown.passkey
    assert (await send(copied, page.action, page.proof, answer=key.get(page.options))).status_code == 400


async def test_a_device_has_to_verify_its_user_and_a_key_to_be_touched(world, browser):
    await arrive(browser, KEYS, KEYS_HOST)
    careless = authenticator(world)
    careless.flags = PRESENT
    response = await set_up_passkey(world, browser, careless, "biometrics")
    assert response.status_code == 400
    assert isinstance(world.shown, EnrollPasskey)
    await arrive(browser, KEYS, KEYS_HOST)
    wrong = authenticator(world, "cross-platform")
    assert (await set_up_passkey(world, browser, wrong, "biometrics")).status_code == 400, "not a device"
    await arrive(browser, KEYS, KEYS_HOST)
    touched = authenticator(world, "cross-platform")
    touched.flags = PRESENT
    assert (await set_up_passkey(world, browser, touched, "security_key")).status_code == 200
    assert isinstance(world.shown, RecoveryCodes)


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "[" * 20_000, '{"id": "x"}', "x" * 20_000])
async def test_whatever_is_sent_in_place_of_an_answer_is_refused(world, browser, answer):
    await arrive(browser, KEYS, KEYS_HOST)
    url = world.shown.choices[0][2]
    await browser.get(url)
    page = world.shown.passkey
    assert (await send(browser, page.action, page.proof, answer=answer)).status_code == 400
    assert not await factors(world)


async def test_g7_110_a_code_that_was_talked_out_of_somebody_becomes_no_passkey(world, browser):
    """Whoever has a passkey shows a passkey to add another one."""
    await arrive(browser, KEYS, KEYS_HOST)
    key = authenticator(world, "cross-platform")
    await set_up_passkey(world, browser, key, "security_key")
    await arrive(browser)
    assert isinstance(world.shown, EnrollTotp), "the passkey was just shown"
    page = world.shown
    await send(browser, page.action, page.proof, code=current(world, page.secret))
    world.change(KEYS, policies=[
        {"id": "policy-keys", "name": "Allow", "decision": "allow", "include": [{"everyone": {}}],
         "mfa_config": {"allowed_authenticators": ["biometrics"]}},
    ])  # fmt: skip
    world.time += 60
    thief = Browser(world)
    await arrive(thief)
    await type_code(thief, page.secret)
    await arrive(thief, KEYS, KEYS_HOST)
    assert isinstance(world.shown, ShowFactor)
    assert world.shown.other
    assert not world.shown.code_action, "no code helps"
    assert world.shown.passkey is not None


async def test_another_kind_is_set_up_after_one_that_is_there_was_shown(world, browser):
    secret, _ = await set_up_totp(browser)
    world.time += HOUR
    await arrive(browser, KEYS, KEYS_HOST)
    assert isinstance(world.shown, ShowFactor)
    assert world.shown.other
    await type_code(browser, secret)
    assert isinstance(world.shown, ChooseFactor)
    key = authenticator(world)
    response = await set_up_passkey(world, browser, key, "biometrics")
    assert response.headers["location"].startswith(world.origin(KEYS_HOST)), "the recovery codes are there already"
    assert sorted(factor.kind.value for factor in await factors(world)) == ["biometrics", "totp"]
    await arrive(browser)
    assert len(await factors(world)) == 2


async def test_safe_and_keys_are_told_apart(world, browser):
    await set_up_totp(browser)
    assert (await arrive(browser, KEYS, KEYS_HOST)).status_code == 200
    assert not browser.cookie(KEYS_HOST, "CF_Authorization")
    assert SAFE != KEYS


async def test_a_policy_may_want_a_client_certificate_and_a_second_factor(world, browser):
    host, require = "both.example.com", [{"certificate": {}}]
    demanding = policy("allow", id="policy-both", require=require, mfa_config={"allowed_authenticators": ["totp"]})
    world.applications += (protected("1", "Both", host, demanding, policy("allow", id="policy-plain")),)
    shown = CertificateFacts("device", "01", "CN=Issuer", "aa")
    await browser.get(world.door(browser, "1", host, certificate=shown))
    response = await browser.get(browser.back(await browser.get(world.origin(TEAM) + world.shown.methods[0].url)))
    response = await browser.get(response.headers["location"])
    assert response.status_code == 200, "not sent back and forth by the policy without either"
    page = world.shown
    assert isinstance(page, EnrollTotp)
    await send(browser, page.action, page.proof, code=current(world, page.secret))
    response = await followed(browser, await browser.get(world.shown.next_url))
    await browser.get(response.headers["location"])
    assert claims(world, browser, host).policy_id == "policy-both"
