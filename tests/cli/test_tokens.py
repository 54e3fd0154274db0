"""``doorward tokens``: over a real store, with and without a door beside it."""

from __future__ import annotations

import asyncio
import json
import re
import time

import pytest
from tests.cli.calling import LOCAL, call, configured

from doorward.service_tokens import Authenticated, Rejection, authenticate
from doorward.settings import load
from doorward.store import Cipher, Store

DECLARED = LOCAL + "service_tokens: [{name: ci, duration: 48h}, {name: off, enabled: false}]\n"
CLIENT_ID = "88bf3b6d86161464f6509f7219099e57.access"
WITH_CREDENTIALS = LOCAL + f"service_tokens: [{{name: robot, client_id: {CLIENT_ID}, client_secret: {'d' * 64}}}]\n"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(autouse=True)
def folder(tmp_path):
    configured(tmp_path)
    return tmp_path


def told(*arguments):
    outcome = call("tokens", *arguments, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stderr == ""
    return json.loads(outcome.stdout)


def in_store(folder, what):
    async def run():
        settings = load(folder / "doorward.yaml", {})
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
        try:
            return await what(store)
        finally:
            await store.close()

    return asyncio.run(run())


def opens(folder, made, secret=None, now=None):
    """The version that the secret proves, or why not."""
    token = in_store(folder, lambda store: store.service_tokens.find(made["client_id"]))
    found = authenticate(token, secret or made["client_secret"], now or int(time.time()))
    return found.version if isinstance(found, Authenticated) else found


def test_a_token_can_be_made_before_the_first_start(folder):
    made = told("create", "ci")
    assert re.fullmatch(UUID, made["id"])
    assert re.fullmatch(r"[0-9a-f]{32}\.access", made["client_id"])
    assert re.fullmatch(r"cfast_[0-9A-Za-z]{48}", made["client_secret"])
    assert (made["name"], made["enabled"], made["duration"], made["client_secret_version"]) == ("ci", True, "8760h", 1)
    assert made["expires_at"][:4] == str(int(made["created_at"][:4]) + 1)
    assert opens(folder, made) == 1


def test_no_two_secrets_are_alike():
    made = [told("create", f"token {number}") for number in range(3)]
    assert len({one["client_secret"] for one in made}) == len({one["client_id"] for one in made}) == 3


def test_people_are_shown_the_headers_once(folder):
    outcome = call("tokens", "create", "ci")
    assert outcome.exit_code == 0
    assert "is not shown again" in outcome.stderr
    pair = dict(line.split(": ") for line in outcome.stdout.splitlines())
    assert set(pair) == {"id", "expires", "CF-Access-Client-Id", "CF-Access-Client-Secret"}
    secret = pair["CF-Access-Client-Secret"]
    assert opens(folder, {"client_id": pair["CF-Access-Client-Id"], "client_secret": secret}) == 1
    for command in (("list",), ("list", "--json"), ("disable", "ci"), ("enable", "ci", "--json"), ("refresh", "ci")):
        assert secret not in call("tokens", *command).output


@pytest.mark.parametrize(("duration", "kept"), [("forever", "forever"), ("1h30m", "1h30m"), ("90s", "1m30s")])
def test_a_duration_can_be_asked_for(duration, kept):
    made = told("create", "ci", "--duration", duration)
    assert made["duration"] == kept
    assert (made["expires_at"] is None) is (duration == "forever")


@pytest.mark.parametrize("duration", ["0", "year", "-1h", "1y", ""])
def test_a_duration_that_is_none_is_wrong_usage_and_makes_nothing(duration):
    outcome = call("tokens", "create", "ci", "--duration", duration)
    assert outcome.exit_code == 2
    assert "--duration" in outcome.stderr


@pytest.mark.parametrize("name", ["", "  ", "x" * 351, "two\nlines", "\x1b[31mred"])
def test_a_name_that_is_none_is_wrong_usage(name):
    assert call("tokens", "create", name).exit_code == 2


def test_a_name_is_given_once():
    told("create", "ci")
    outcome = call("tokens", "create", "ci")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "doorward tokens rotate" in outcome.stderr


def test_what_the_file_says_of_a_name_holds_for_what_is_made_under_it(folder):
    configured(folder, DECLARED)
    assert told("create", "ci")["duration"] == "48h"
    assert told("create", "off")["enabled"] is False
    outcome = call("tokens", "enable", "off")
    assert outcome.exit_code == 1
    assert "set 'enabled: true'" in outcome.stderr
    configured(folder, LOCAL + "service_tokens: [{name: mine, id: 3537a672-e4d8-4d89-aab9-26cb622918a1}]\n")
    assert told("create", "mine")["id"] == "3537a672-e4d8-4d89-aab9-26cb622918a1"


def test_the_id_is_the_one_that_policies_mean(folder):
    configured(folder, DECLARED)
    made = told("create", "ci")
    known = in_store(folder, lambda store: store.objects.identify("service_token", ["ci"]))
    assert known["ci"].id == made["id"]


def test_all_are_listed_with_their_state():
    told("create", "gone")
    told("revoke", "gone")
    assert told("list") == []
    assert "doorward tokens create" in call("tokens", "list").stderr
    told("create", "b")
    told("create", "a", "--duration", "forever")
    told("disable", "b")
    told("create", "c", "--duration", "1s")
    time.sleep(1.1)
    assert [(token["name"], token["enabled"]) for token in told("list")] == [("a", True), ("b", False), ("c", True)]
    shown = call("tokens", "list").stdout
    assert re.search(r"^a  enabled  never expires$", shown, re.MULTILINE)
    assert re.search(r"^b  disabled  expires \d{4}", shown, re.MULTILINE)
    assert re.search(r"^c  expired  expires \d{4}", shown, re.MULTILINE)


def test_rotating_ends_the_old_secret_at_once(folder):
    made = told("create", "ci")
    rotated = told("rotate", "ci")
    assert (rotated["client_id"], rotated["client_secret_version"]) == (made["client_id"], 2)
    assert rotated["previous_client_secret_expires_at"] is None
    assert opens(folder, rotated) == 2
    assert opens(folder, made) is Rejection.SECRET


def test_rotating_may_keep_the_old_secret_for_a_while(folder):
    made = told("create", "ci")
    rotated = told("rotate", made["id"], "--keep-old-for", "24h")
    assert rotated["previous_client_secret_expires_at"] is not None
    assert opens(folder, made) == 1
    assert opens(folder, made, now=int(time.time()) + 86_401) is Rejection.SECRET
    assert "works until" in call("tokens", "rotate", "ci", "--keep-old-for", "1h").stderr
    assert "has ended" in call("tokens", "rotate", "ci").stderr


@pytest.mark.parametrize("overlap", ["721h", "soon", "-1h"])
def test_an_overlap_that_is_none_is_wrong_usage_and_changes_nothing(folder, overlap):
    made = told("create", "ci")
    assert call("tokens", "rotate", "ci", "--keep-old-for", overlap).exit_code == 2
    assert opens(folder, made) == 1


def test_disabling_enabling_and_refreshing(folder):
    made = told("create", "ci", "--duration", "1h")
    assert told("disable", "ci")["enabled"] is False
    assert opens(folder, made) is Rejection.DISABLED
    assert told("enable", "ci")["enabled"] is True
    assert opens(folder, made) == 1
    refreshed = told("refresh", "ci")
    assert refreshed["expires_at"] > made["expires_at"]
    assert opens(folder, made, now=int(time.time()) + 8_000 * 3600) == 1


def test_revoking_deletes_and_the_name_is_free_for_another(folder):
    made = told("create", "ci")
    assert told("revoke", "ci") == {"revoked": {"sessions": 0, "streams": 0}}
    assert opens(folder, made) is Rejection.UNKNOWN
    again = told("create", "ci")
    assert again["id"] != made["id"]
    assert "0 sessions and 0 open streams ended" in call("tokens", "revoke", "ci").stderr


def test_revoke_token_does_the_same(folder):
    made = told("create", "ci")
    outcome = call("revoke", "token", "ci", "--json")
    assert json.loads(outcome.stdout) == {"revoked": {"sessions": 0, "streams": 0}}
    assert opens(folder, made) is Rejection.UNKNOWN
    assert call("revoke", "token", "ci").exit_code == 1


@pytest.mark.parametrize("command", ["rotate", "revoke", "enable", "disable", "refresh"])
def test_a_token_that_nobody_knows_is_one_sentence(command):
    told("create", "ci")
    outcome = call("tokens", command, "nobody", "--json")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "There is no service token 'nobody'" in outcome.stderr


def test_credentials_of_the_file_are_changed_in_the_file(folder):
    configured(folder, WITH_CREDENTIALS)
    outcome = call("tokens", "create", "robot")
    assert outcome.exit_code == 1
    assert "configuration file" in outcome.stderr

    async def started(store):
        settings = load(folder / "doorward.yaml", {})
        parts = [part.declared("id-of-robot") for part in settings.service_tokens]
        await store.service_tokens.declare(parts, int(time.time()))

    in_store(folder, started)
    for command in ("rotate", "revoke"):
        outcome = call("tokens", command, "robot")
        assert (outcome.exit_code, outcome.stdout) == (1, "")
        assert "configuration file" in outcome.stderr
    assert told("disable", "robot")["enabled"] is False
    assert "credentials of the configuration file" in call("tokens", "list").stdout


def test_commands_that_change_nothing_need_a_first_start():
    for command in (("list",), ("revoke", "ci")):
        outcome = call("tokens", *command)
        assert outcome.exit_code == 1
        assert "doorward serve" in outcome.stderr


def test_a_name_with_control_codes_is_shown_harmlessly(folder):
    outcome = call("tokens", "revoke", "\x1b]0;evil\x07")
    told("create", "ci")
    outcome = call("tokens", "revoke", "\x1b]0;evil\x07")
    assert outcome.exit_code == 1
    assert "\x1b" not in outcome.stderr
