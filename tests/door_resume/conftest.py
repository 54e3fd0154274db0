"""A door of its own: an application with forms, and one with three host names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import STAFF, House, Kind, configuration, standing
from tests.door.visitor import Visitor

KINDS = (
    Kind("wiki.localhost", (STAFF,)),
    Kind("moment.localhost", (STAFF, "session_duration: 0s")),
    Kind("plain.localhost", (STAFF, "resume_posts: false")),
    Kind("here.localhost", ("policies: [Programs from elsewhere, Staff]", "cors_headers: {allow_all_origins: true, allow_all_methods: true}")),
    Kind("one.localhost", (STAFF, "self_hosted_domains: [one.localhost, two.localhost, three.localhost, '*.more.localhost']")),
    Kind("uno.localhost", (
        STAFF, "self_hosted_domains: [uno.localhost, due.localhost]", "eager_redirect_cookie_setting: false",
    )),
    Kind("exact.more.localhost", (STAFF,)),
    Kind("parts.localhost/a", (STAFF, "path_cookie_attribute: true")),
    Kind("parts.localhost/b", (STAFF, "path_cookie_attribute: true", "self_hosted_domains: [parts.localhost/b, side.localhost]")),
)  # fmt: skip


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("resume"), configuration(kinds=KINDS)) as house:
        yield house


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """A browser that has been nowhere."""
    async with Visitor(house) as visitor:
        yield visitor
