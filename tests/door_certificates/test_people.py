"""Client certificates beside logins: asked for at every request, and known to the login page (access.md 1.1, 4.4)."""

from __future__ import annotations

import pytest
from tests.door.markup import forms_of
from tests.door.running import claims_of
from tests.door.visitor import location, query_of, unseen_path
from tests.door_certificates.place import DEVICES, OTHERS, Device

pytestmark = pytest.mark.edge

GOOD = DEVICES.issue("laptop")


async def test_a_person_on_a_device_signs_in(house):
    path = unseen_path()
    async with Device(house, GOOD) as device:
        page = await device.sign_in("required.localhost", path)
    assert page.status_code == 200
    seen = house.at_origin(path)
    assert seen.get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_the_login_is_told_of_the_certificate(house):
    async with Device(house, GOOD) as device:
        answer = await device.get("required.localhost")
    said = claims_of(query_of(location(answer))["meta"])["mtls_auth"]
    assert said == {
        "cert_issuer_dn": "CN=Devices",
        "cert_serial": f"{GOOD.certificate.serial_number:x}",
        "cert_issuer_ski": said["cert_issuer_ski"],
        "cert_presented": True,
        "common_name": "laptop",
        "auth_status": "SUCCESS",
    }
    assert len(said["cert_issuer_ski"]) == 40
    async with Device(house) as device:
        answer = await device.get("mixed.localhost")
    said = claims_of(query_of(location(answer))["meta"])["mtls_auth"]
    assert (said["cert_presented"], said["auth_status"], said["common_name"]) == (False, "NONE", "")


@pytest.mark.parametrize("client", [None, OTHERS.issue()], ids=["none", "of another host"])
async def test_without_a_certificate_no_login_is_offered(house, client):
    async with Device(house, client) as device:
        answer = await device.get("required.localhost")
    assert answer.status_code == 403
    assert not location(answer)


async def test_what_the_device_earned_is_nothing_on_another_one(house):
    async with Device(house, GOOD) as device, Device(house) as thief:
        await device.sign_in("required.localhost")
        for cookie in device.client.cookies.jar:
            thief.client.cookies.jar.set_cookie(cookie)
        path = unseen_path()
        assert (await thief.get("required.localhost", path)).status_code == 403
        assert not house.reached(path)
        assert (await device.get("required.localhost", path)).status_code == 200


async def test_the_certificate_comes_before_the_person_where_both_may_enter(house):
    path, without = unseen_path(), unseen_path()
    async with Device(house, GOOD) as device, Device(house) as person:
        assert (await device.get("mixed.localhost", path)).status_code == 200
        assert claims_of(house.at_origin(path).get("cf-access-jwt-assertion"))["common_name"] == "laptop"
        await person.sign_in("mixed.localhost")
        assert (await person.get("mixed.localhost", without)).status_code == 200
        assert house.at_origin(without).get("cf-access-authenticated-user-email") == "alice@example.test"
        for cookie in person.client.cookies.jar:
            device.client.cookies.jar.set_cookie(cookie)
        both = unseen_path()
        assert (await device.get("mixed.localhost", both)).status_code == 200
        assert house.at_origin(both).get("cf-access-authenticated-user-email") is None
        assert claims_of(house.at_origin(both).get("cf-access-jwt-assertion"))["common_name"] == "laptop"


async def test_who_has_no_certificate_does_not_ask_the_control_plane_where_only_programs_need_one(house):
    async with Device(house) as person:
        await person.sign_in("mixed.localhost")
        before = await asked(house)
        for _ in range(3):
            assert (await person.get("mixed.localhost")).status_code == 200
        assert await asked(house) == before
        await person.open("unless.localhost")
        before = await asked(house)
        assert (await person.get("unless.localhost")).status_code == 200
        assert await asked(house) == before + 1


async def asked(house):
    """How often the control plane was asked so far."""
    lines = (await house.door.metrics()).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("doorward_check_seconds_count"))


async def test_a_certificate_can_also_keep_somebody_out(house):
    async with Device(house) as person, Device(house, GOOD) as device:
        await person.sign_in("unless.localhost")
        for cookie in person.client.cookies.jar:
            device.client.cookies.jar.set_cookie(cookie)
        path = unseen_path()
        assert (await device.get("unless.localhost", path)).status_code == 403
        assert not house.reached(path)
        assert (await person.get("unless.localhost", path)).status_code == 200


async def test_a_code_by_mail_is_for_who_comes_on_a_device_too(house):
    path = unseen_path()
    async with Device(house, GOOD) as device:
        page = await device.open("required.localhost", path)
        form = next(number for number, one in enumerate(forms_of(page.text)) if "/verify-code/" in one.action)
        page = await device.submit(page, {"email": "mia@example.test"}, form=form)
        code = await house.mailbox.code_for("mia@example.test")
        assert (await device.submit(page, {"code": code})).status_code == 200
    assert house.at_origin(path).get("cf-access-authenticated-user-email") == "mia@example.test"
