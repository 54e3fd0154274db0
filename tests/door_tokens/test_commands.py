"""``doorward tokens`` beside a running door, and what is kept about programs."""

from __future__ import annotations

import asyncio
import json
import re

from tests.door.running import eventually
from tests.door_tokens.place import OWN_ID, Programs

API_FIELDS = {
    "id",
    "name",
    "client_id",
    "client_secret",
    "duration",
    "enabled",
    "expires_at",
    "created_at",
    "updated_at",
}


async def test_create_prints_the_apis_object_once(strict: Programs) -> None:
    made = strict.told("create", "once", "--duration", "24h")
    assert set(made) >= API_FIELDS
    assert re.fullmatch(r"[0-9a-f]{32}\.access", made["client_id"])
    assert re.fullmatch(r"cfast_[0-9A-Za-z]{40}[0-9a-f]{8}", made["client_secret"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["expires_at"])
    (listed,) = [token for token in strict.told("list") if token["name"] == "once"]
    assert listed == {name: value for name, value in made.items() if name != "client_secret"}
    assert made["client_secret"] not in strict.command("list").stdout


async def test_the_configuration_files_own_token_is_listed_and_left_to_the_file(strict: Programs) -> None:
    (listed,) = [token for token in strict.told("list") if token["name"] == "declared"]
    assert (listed["client_id"], listed["declared"], listed["expires_at"]) == (OWN_ID, True, None)
    for command in ("rotate", "revoke"):
        outcome = strict.command(command, "declared")
        assert outcome.returncode == 1
        assert "configuration file" in outcome.stderr


async def test_a_token_is_named_by_its_id_as_well(strict: Programs) -> None:
    _, credentials = strict.fresh()
    assert strict.told("disable", credentials.id)["enabled"] is False
    assert strict.told("revoke", credentials.id) == {"revoked": {"sessions": 0, "streams": 0}}


async def records(programs: Programs, client_id: str) -> list:
    async with programs.house.store() as store:
        found = await store.decisions.recent(500)
    return [record for record in found if (record.evidence.get("service_token") or {}).get("client_id") == client_id]


async def wait_for(programs: Programs, client_id: str, count: int) -> list:
    for _ in range(100):
        if len(found := await records(programs, client_id)) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"only {len(found)} of {count} records are there")


async def test_failures_of_a_known_program_are_kept_and_explained(strict: Programs) -> None:
    name, credentials = strict.fresh()
    wrong = credentials.but(client_secret="wrong").pair | {"accept": "application/json"}
    reference = (await strict.get("robots.localhost", "/build", headers=wrong)).json()["reference"]
    allowed_nowhere = credentials.pair | {"accept": "application/json"}
    other = (await strict.get("robots.localhost", "/build", headers=allowed_nowhere)).json()["reference"]
    found = {record.reference: record for record in await wait_for(strict, credentials.client_id, 2)}
    assert (found[reference].refusal, found[reference].status) == ("service_token", 401)
    assert "wrong_secret" in found[reference].detail
    assert (found[other].refusal, found[other].status) == ("service_token_not_permitted", 403)
    assert all(secret not in str(found) for secret in (credentials.client_secret, "cfast_"))
    told = strict.house.door.run("explain", reference)
    assert told.returncode == 0
    assert name in told.stdout
    assert "could not be authenticated" in told.stdout
    trace = json.loads(strict.house.door.run("explain", other, "--json").stdout)["trace"]
    assert trace[0]["rules"][0]["because"] == f"the service token {credentials.id} was shown"


async def test_classic_failures_are_kept_too_though_the_answer_is_a_login(classic: Programs) -> None:
    _, credentials = classic.fresh()
    await classic.get("mixed.localhost", headers=credentials.but(client_secret="wrong").pair)
    (record,) = await wait_for(classic, credentials.client_id, 1)
    assert (record.outcome, record.status) == ("login", 302)
    assert "wrong_secret" in record.detail


async def test_strangers_leave_no_record_and_are_given_no_reference(strict: Programs) -> None:
    unknown = strict.ci.but(client_id="0" * 32 + ".access").pair | {"accept": "application/json"}
    async with strict.house.store() as store:
        before = await store.decisions.recent(1)
    answer = await strict.get("robots.localhost", headers=unknown)
    assert (answer.status_code, "reference" in answer.json()) == (401, False)
    await asyncio.sleep(1)
    async with strict.house.store() as store:
        assert await store.decisions.recent(1) == before


async def test_a_program_that_enters_is_kept_once_for_each_token_it_is_given(strict: Programs) -> None:
    name, credentials = strict.fresh()
    for _ in range(5):
        assert (await strict.get("any.localhost", headers=credentials.pair)).status_code == 200
    await asyncio.sleep(1)
    (record,) = await wait_for(strict, credentials.client_id, 1)
    assert (record.outcome, record.user_email, record.status) == ("allow", "", 0)
    assert record.evidence["service_token"]["name"] == name


async def test_decisions_are_counted(strict: Programs) -> None:
    await strict.get("robots.localhost", headers=strict.ci.but(client_secret="wrong").pair)
    metrics = await strict.house.door.metrics()
    assert 'doorward_decisions_total{outcome="deny",refusal="service_token"}' in metrics


async def test_the_log_tells_who_and_never_the_secret(strict: Programs) -> None:
    name, credentials = strict.fresh()
    await strict.get("robots.localhost", headers=credentials.but(client_secret="a-wrong-secret-of-some-kind").pair)
    log = strict.house.door.log
    await eventually(lambda: f"service token '{name}': wrong_secret" in log.read_text())
    assert "a-wrong-secret-of-some-kind" not in log.read_text()
    assert credentials.client_secret not in log.read_text()
