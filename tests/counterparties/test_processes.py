"""The identity providers live exactly as long as whoever started them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.counterparties.oidc_provider import oidc_provider, why_not
from tests.counterparties.oidc_provider_mock import oidc_provider_mock

ROOT = Path(__file__).parents[2]
needs_node = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
OPENINGS = [
    pytest.param(lambda: oidc_provider(["http://127.0.0.1:1/callback"]), id="oidc-provider", marks=needs_node),
    pytest.param(oidc_provider_mock, id="oidc-provider-mock"),
]
STARTS = [
    pytest.param(
        "from tests.counterparties.oidc_provider import oidc_provider as start", id="oidc-provider", marks=needs_node
    ),
    pytest.param(
        "from tests.counterparties.oidc_provider_mock import oidc_provider_mock as start", id="oidc-provider-mock"
    ),
]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def gone_within(port, seconds):
    end = time.monotonic() + seconds
    while listens(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_provider_listens_inside_the_block_and_not_after_it(opening):
    with opening() as running:
        port = int(running.issuer.rpartition(":")[2])
        assert listens(port)
    assert not listens(port)


@pytest.mark.parametrize("start", STARTS)
def test_a_provider_ends_when_its_starter_is_killed(start):
    program = f"{start}\nimport time\nwith start([]) as it:\n    print(it.issuer, flush=True)\n    time.sleep(60)"
    if "mock" in start:
        program = program.replace("start([])", "start()")
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        port = int(starter.stdout.readline().rpartition(":")[2])
        assert listens(port)
        starter.send_signal(signal.SIGKILL)
    assert gone_within(port, 10)
