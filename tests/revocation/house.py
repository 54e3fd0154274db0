"""A door for tests that take access away: three kinds of streams, and an application whose tokens live ten seconds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.door.house import House, Kind, configuration, standing
from tests.revocation.endless_origin import endless

WIKI, FEED, CALLS, BRIEF, CHAT = (f"{name}.localhost" for name in ("wiki", "feed", "stream", "brief", "chat"))
ROBOTS = "robots.localhost"
APPLICATIONS = (
    Kind(WIKI, ("policies: [Staff]",)),
    Kind(FEED, ("policies: [Staff]",)),
    Kind(CALLS, ("policies: [Staff]",)),
    Kind(BRIEF, ("policies: [Staff]", "session_duration: 0s")),
    # Asked about at every request: its streams are held by what the control plane answered.
    Kind(CHAT, (
        "policies: [{name: From here, decision: allow, include: [{group: {id: Staff}}], require: [{ip: {ip: 127.0.0.0/8}}]}]",
    )),
    Kind(ROBOTS, ("policies: [{name: Programs, decision: non_identity, include: [{any_valid_service_token: {}}]}]",)),
    Kind("open.localhost", ("policies: [Everybody may look]",)),
)  # fmt: skip


@contextlib.contextmanager
def revocable(folder: Path) -> Iterator[House]:
    with endless() as port:
        places = f'\n  - {{hostname: {FEED}, service: "http://127.0.0.1:{port}"}}\n  - {{hostname: stream'
        text = configuration(kinds=APPLICATIONS).replace("\n  - {hostname: stream", places, 1)
        with standing(folder, text) as house:
            yield house
