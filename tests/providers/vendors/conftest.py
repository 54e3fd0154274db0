"""One vendor on this machine and one set of providers that talk to it."""

from __future__ import annotations

import pytest
from tests.providers.scripted import NOW, REDIRECT, attempt
from tests.providers.vendors.local import vendor

from doorward.organization import IdentityProvider
from doorward.providers import Providers, outbound_client


@pytest.fixture
async def local():
    async with vendor() as running:
        yield running


@pytest.fixture
async def providers():
    made = Providers(outbound_client())
    yield made
    await made.close()


@pytest.fixture
def sign_in(local, providers):
    """Sign somebody in at the local vendor as one of ``idp_type``, with more fields in ``config``."""

    async def signed_in(idp_type, **config):
        urls = {"base_url": local.url, "api_url": local.url}
        given = {"client_id": "client", "client_secret": "our secret", **urls, **config}
        idp = IdentityProvider(id="idp-1", name="Example", type=idp_type, config=given)
        answer = {"code": "the-code", "state": attempt().state}
        return await providers.identity(idp, attempt(), answer, REDIRECT, NOW)

    return signed_in
