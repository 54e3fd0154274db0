"""People come through the whole door by a vendor, played on this machine, and rules about its groups decide."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from starlette.responses import RedirectResponse
from tests.door.house import Kind, configuration, standing
from tests.door.visitor import Visitor, unseen_path
from tests.providers.vendors.local import ACCESS_TOKEN, vendor

pytestmark = pytest.mark.edge

GITHUB = (
    "  - {name: GitHub, type: github, config: {client_id: client, client_secret: s, base_url: URL, api_url: URL}}\n"
)


def rule(organization, team=""):
    wanted = f"name: {organization}, {f'team: {team}, ' if team else ''}identity_provider_id: GitHub"
    return f"policies: [{{name: Members, decision: allow, include: [{{github-organization: {{{wanted}}}}}]}}]"


KINDS = (
    Kind("acme.localhost", (rule("ACME"), "allowed_idps: [GitHub]", "auto_redirect_to_identity: true")),
    Kind("core.localhost", (rule("acme", "core"), "allowed_idps: [GitHub]", "auto_redirect_to_identity: true")),
    Kind("other.localhost", (rule("other"), "allowed_idps: [GitHub]", "auto_redirect_to_identity: true")),
)


def back_with_a_code(request):
    asked = request.query_params
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': 'the-code', 'state': asked['state']})}", 302)


@pytest.fixture
async def github():
    async with vendor() as here:
        here.replies["/login/oauth/authorize"] = back_with_a_code
        here.on("/login/oauth/access_token", {"access_token": ACCESS_TOKEN, "token_type": "bearer"})
        here.on("/user", {"id": 583231, "login": "octocat", "name": "Mona"})
        here.on("/user/emails", [{"email": "mona@example.test", "primary": True, "verified": True}])
        here.on("/user/orgs", [{"id": 1, "login": "acme"}])
        here.on("/user/teams", [{"id": 7, "slug": "others", "organization": {"login": "acme"}}])
        yield here


async def test_an_organization_opens_its_application_and_no_other(github, tmp_path):
    text = configuration(kinds=KINDS).replace("groups:\n", GITHUB.replace("URL", github.url) + "groups:\n", 1)
    with standing(tmp_path / "house", text) as house:
        async with Visitor(house) as mona:
            seen = unseen_path()
            page = await mona.open("acme.localhost", seen)
            assert page.status_code == 200, page.text
            told = house.at_origin(seen)
            assert told.get("cf-access-authenticated-user-email") == "mona@example.test"
            for host in ("core.localhost", "other.localhost"):
                path = unseen_path()
                assert (await mona.open(host, path)).status_code == 403
                assert not house.reached(path)
        github.on("/user/teams", [{"id": 8, "slug": "core", "organization": {"login": "acme"}}])
        async with Visitor(house) as mona:
            assert (await mona.open("core.localhost", unseen_path())).status_code == 200
        github.on("/user/orgs", {"message": "Bad gateway"}, 502)
        async with Visitor(house) as mona:
            path = unseen_path()
            page = await mona.open("acme.localhost", path)
            assert page.status_code == 503, "groups that cannot be read let nobody in"
            assert "GitHub" in page.text
            assert not house.reached(path)
