"""One door with two real SAML providers for all tests here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.counterparties import pysaml2_idp, samlp_idp
from tests.door.visitor import Visitor
from tests.door_saml.place import Saml, saml_place


@pytest.fixture(scope="session")
def saml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saml]:
    if missing := (pysaml2_idp.why_not() or samlp_idp.why_not()):
        pytest.skip(missing)
    with saml_place(tmp_path_factory.mktemp("saml")) as place:
        yield place


@pytest.fixture
async def visitor(saml: Saml) -> AsyncIterator[Visitor]:
    """A browser that has been nowhere."""
    async with Visitor(saml.house) as visitor:
        yield visitor
