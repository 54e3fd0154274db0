"""Client certificates at the real door: who enters, as whom, and what the origin sees (access.md 3.5, 4.4, 2.3)."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from tests.client_certificates.authority import Authority, now
from tests.door.running import claims_of
from tests.door.visitor import set_cookies, unseen_path
from tests.door_certificates.place import DEVICES, LISTED, LOST, OTHERS, Device

pytestmark = pytest.mark.edge

GOOD = DEVICES.issue("device-1")


async def test_a_device_enters_without_any_login(house):
    path = unseen_path()
    async with Device(house, GOOD, program=True) as device:
        answer = await device.get("devices.localhost", path)
    assert answer.status_code == 200
    seen = house.at_origin(path)
    claims = claims_of(seen.get("cf-access-jwt-assertion"))
    assert (claims["type"], claims["sub"], claims["common_name"]) == ("app", "", "device-1")
    assert claims["exp"] - claims["iat"] == 3600
    assert not {"email", "identity_nonce"} & set(claims)
    assert seen.get("cf-access-authenticated-user-email") is None
    assert not [name for name, _ in seen.headers if "client-cert" in name]
    assert set_cookies(answer)["CF_Authorization"]["value"] == seen.get("cf-access-jwt-assertion")


async def test_its_cookie_is_taken_with_the_certificate_and_not_without(house):
    async with Device(house, GOOD) as device:
        await device.get("devices.localhost")
        cookie = device.cookie("devices.localhost")
        path = unseen_path()
        assert (await device.get("devices.localhost", path)).status_code == 200
        assert house.at_origin(path).get("cf-access-jwt-assertion") == cookie
    for name in ("cookie", "cf-access-token", "cf-access-jwt-assertion"):
        async with Device(house, program=True) as thief:
            value = f"CF_Authorization={cookie}" if name == "cookie" else cookie
            path = unseen_path()
            assert (await thief.get("devices.localhost", path, headers={name: value})).status_code == 403
            assert not house.reached(path)


async def test_a_token_of_one_device_does_not_speak_for_another(house):
    async with Device(house, GOOD) as device, Device(house, DEVICES.issue("device-2"), program=True) as second:
        await device.get("devices.localhost")
        path = unseen_path()
        stolen = {"cookie": f"CF_Authorization={device.cookie('devices.localhost')}"}
        assert (await second.get("devices.localhost", path, headers=stolen)).status_code == 200
        assert claims_of(house.at_origin(path).get("cf-access-jwt-assertion"))["common_name"] == "device-2"


async def test_the_token_ends_with_the_certificate(house):
    ends = now() + dt.timedelta(minutes=10)
    async with Device(house, DEVICES.issue(ends=ends)) as device:
        await device.get("devices.localhost")
        assert claims_of(device.cookie("devices.localhost"))["exp"] == int(ends.timestamp()) + 1


@pytest.mark.parametrize(
    "client",
    [
        None,
        OTHERS.issue(),
        Authority.make("Devices").issue(),
        DEVICES.issue(ends=now() - dt.timedelta(seconds=3)),
        DEVICES.issue(begins=now() + dt.timedelta(days=1)),
    ],
    ids=["none", "of another host", "of nobody known", "expired", "not yet valid"],
)
async def test_g10_148_without_a_good_certificate_it_is_403(house, client):
    path = unseen_path()
    async with Device(house, client, program=True) as device:
        answer = await device.get("devices.localhost", path)
        json = await device.get("devices.localhost", path, headers={"accept": "application/json"})
    assert answer.status_code == json.status_code == 403
    assert json.json()["code"] == 403
    assert answer.headers["cf-access-domain"] == "devices.localhost"
    assert not house.reached(path)


async def test_g10_148_a_revoked_certificate_is_none(house):
    path = unseen_path()
    async with Device(house, LOST, program=True) as lost, Device(house, LISTED.issue(), program=True) as kept:
        assert (await lost.get("listed.localhost", path)).status_code == 403
        assert (await kept.get("listed.localhost", path)).status_code == 200


async def test_a_common_name_has_to_be_that_very_name(house):
    for name, status in {"robot-7": 200, "robot-77": 401, "Robot-7": 401, "robot-7 ": 401, "x,CN=robot-7": 401}.items():
        path = unseen_path()
        async with Device(house, DEVICES.issue(name), program=True) as device:
            assert (await device.get("robot.localhost", path)).status_code == status, name
        assert house.reached(path) is (status == 200)


async def test_g10_148_the_certificate_for_one_host_opens_no_other(house):
    async with Device(house, GOOD, program=True) as device:
        assert (await device.get("others.localhost")).status_code == 403
        assert (await device.get("bare.localhost")).status_code == 403
        assert (await device.get("two.fleet.localhost")).status_code == 403
    async with Device(house, OTHERS.issue(), program=True) as other:
        assert (await other.get("others.localhost")).status_code == 200


async def test_a_host_that_only_a_wildcard_covers_may_have_authorities(house):
    path = unseen_path()
    async with Device(house, GOOD, program=True) as device:
        assert (await device.get("one.fleet.localhost", path)).status_code == 200
    assert house.reached(path)


async def test_g2_22_a_connection_that_is_reused_for_another_host_is_sent_away(house):
    async with Device(house, GOOD, program=True, reuse=1) as device:
        path = unseen_path()
        assert (await device.get("devices.localhost")).status_code == 200
        assert (await device.get("mixed.localhost", path)).status_code == 421
        assert not house.reached(path)


async def test_forged_headers_prove_nothing_and_reach_nobody(house):
    forged = {
        "x-doorward-client-certificate": "0123456789abcdef "
        + GOOD.pem.decode().replace("\n", "%0A").replace(" ", "%20"),
        "x-forwarded-client-cert": 'Subject="CN=device-1"',
        "cf-client-cert-sha256": GOOD.fingerprint,
        "cf-client-cert-der-base64": base64.b64encode(GOOD.der).decode(),
        "client-cert": f":{base64.b64encode(GOOD.der).decode()}:",
    }
    path, open_path = unseen_path(), unseen_path()
    async with Device(house, program=True) as device:
        assert (await device.get("devices.localhost", path, headers=forged)).status_code == 403
        assert (await device.get("shown.localhost", open_path, headers=forged)).status_code == 200
    assert not house.reached(path)
    assert not [name for name, _ in house.at_origin(open_path).headers if "client-cert" in name]


async def test_the_origin_is_shown_the_certificate_where_the_host_says_so(house):
    for host in ("shown.localhost", "seen.localhost"):
        path = unseen_path()
        async with Device(house, GOOD, program=True) as device:
            assert (await device.get(host, path)).status_code == 200
        seen = house.at_origin(path)
        assert seen.get("cf-client-cert-der-base64") == base64.b64encode(GOOD.der).decode()
        assert seen.get("cf-client-cert-sha256") == GOOD.fingerprint
    path = unseen_path()
    async with Device(house, OTHERS.issue(), program=True) as device:
        assert (await device.get("shown.localhost", path)).status_code == 200
    assert not house.at_origin(path).all("cf-client-cert-sha256")


async def test_the_record_says_which_certificate_it_was(house):
    async with Device(house, GOOD, program=True) as device:
        answer = await device.get("robot.localhost")
    assert answer.status_code == 401
    async with house.store() as store:
        records = await store.decisions.recent(50)
    record = next(one for one in records if one.host == "robot.localhost" and one.evidence.get("client_certificate"))
    assert record.evidence["client_certificate"] == {
        "common_name": "device-1",
        "fingerprint": GOOD.fingerprint,
        "serial": f"{GOOD.certificate.serial_number:x}",
        "issuer": "CN=Devices",
    }
    assert record.trace[0]["rules"][0]["because"] == "the common name is device-1"
