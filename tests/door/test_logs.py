"""Nothing secret in the log, and enough in it to find out what happened."""

from __future__ import annotations

import json
import re

import pytest
from tests.door.visitor import location, query_of, unseen_path

pytestmark = pytest.mark.edge


def without_times(text):
    return re.sub(r"\.\d{6}", "", text)


async def test_no_token_code_or_secret_is_in_the_log(house, visitor):
    answer = await visitor.sign_in("wiki.localhost", until="/cdn-cgi/access/callback")
    code = query_of(location(answer))
    handed = await visitor.follow(await visitor.ask("GET", location(answer)), until="/cdn-cgi/access/authorized")
    await visitor.open("wiki.localhost", unseen_path())
    page = await visitor.open("pin.localhost")
    page = await visitor.ask("GET", str(page.url)) if 'id="totp-form"' not in page.text else page
    page = await visitor.submit(page, {"email": "logged@example.test"})
    pin = await house.mailbox.code_for("logged@example.test")
    await visitor.submit(page, {"code": pin})

    secrets = [code["code"], code["state"], query_of(str(page.url))["nonce"], house.provider.client_secret, pin]
    secrets += [cookie.value for cookie in visitor.client.cookies.jar]
    if location(handed):
        secrets.append(query_of(location(handed))["nonce"])
    text = without_times(house.door.log.read_text())
    found = [secret for secret in secrets if secret and secret in text]
    assert found == []
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", text)
    assert "code=" not in text
    assert "state=" not in text
    assert "CF_Authorization=" not in text


async def test_every_line_of_the_control_plane_is_json_with_time_level_and_event(house, visitor):
    await visitor.get("away.localhost")
    lines = house.door.log.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("{"))  # warnings about the file before
    records = [json.loads(line) for line in lines[first:]]
    assert all("event" in record for record in records)
    assert all({"timestamp", "level"} <= set(record) for record in records if record["event"] != "ready")


async def test_the_metrics_count_what_was_decided(house, visitor):
    await visitor.get("wiki.localhost")
    await visitor.get("away.localhost")
    metrics = await house.door.metrics()
    assert re.search(r'doorward_\w*decisions\w*\{.*outcome="login".*\} [1-9]', metrics)
    assert re.search(r'doorward_\w*decisions\w*\{.*outcome="deny".*\} [1-9]', metrics)
