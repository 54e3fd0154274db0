"""A wide terminal without colours, in a folder of its own, whatever the one that runs the tests is like."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quiet_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    for name in (
        "DOORWARD_CONFIG",
        "DOORWARD_CLIENT_SECRET",
        "DOORWARD_MAIL_PASSWORD",
        "DOORWARD_WORKERS",
        "DOORWARD_SECRET_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
