"""A door with SAML providers: each way of signing, encryption, both bindings, and what an operator may set.

Every application lives on ``<name>.localhost`` and allows one provider, so that opening it leads straight there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from tests.counterparties.pysaml2_idp import pysaml2_idp
from tests.counterparties.samlp_idp import SamlProvider, samlp_idp
from tests.door.house import CONFIGURATION, House, Kind, standing
from tests.door.markup import forms_of
from tests.door.visitor import Visitor, origin_of

PEOPLE = {
    "ada": {"email": "ada@example.test", "groups": ["staff", "engineering"], "department": "R&D"},
    "eve": {"email": "eve@elsewhere.test", "groups": ["guests"], "department": "Sales"},
}
LISTED = {"attributes": ["department", "groups"], "email_attribute_name": "email"}
SIGNED = {"sign_request": True}
SEALED = {"enable_encryption": True}
POSTED = {"request_binding": "post"}


def identifier(name: str) -> str:
    """The id of the provider behind the application of this name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@dataclass(frozen=True)
class Saml:
    house: House
    pysaml2: SamlProvider
    samlp: SamlProvider

    def metadata(self, name: str = "") -> str:
        """What the door says about itself."""
        path = f"/{identifier(name)}/saml-metadata" if name else "/saml-metadata"
        door = self.house.door
        with httpx.Client(trust_env=False, timeout=20, verify=False) as client:
            answer = client.get(
                f"{door.scheme}://127.0.0.1:{door.port}/cdn-cgi/access{path}",
                headers={"host": f"login.localhost:{door.port}"},
                extensions={"sni_hostname": "login.localhost"},
            )
        assert answer.status_code == 200, answer.text
        return answer.text


def kinds(pysaml2: SamlProvider, samlp: SamlProvider) -> dict[str, dict[str, Any]]:
    """Application name to ``config`` of its provider."""
    return {
        **{f"p-{way}": {**pysaml2.config(way), **LISTED} for way in ("both", "assertion", "response")},
        "p-encrypted": {**pysaml2.config("encrypted"), **LISTED, **SEALED},
        "p-refuse": pysaml2.config("refuse"),
        "p-signed": {**pysaml2.config("both"), **SIGNED},
        "p-posted": {**pysaml2.config("assertion"), **SIGNED, **POSTED},
        **{f"s-{way}": {**samlp.config(way), **LISTED} for way in ("both", "assertion", "response")},
        "s-encrypted": {**samlp.config("encrypted"), **LISTED, **SEALED},
        "s-foreign": {**samlp.config("both"), "idp_public_certs": [pysaml2.certificate]},
        "s-rollover": {**samlp.config("both"), "idp_public_certs": [pysaml2.certificate, samlp.certificate]},
        "s-closed": {**samlp.config("encrypted"), **LISTED},
    }


HTTP = "{address: 127.0.0.1, http: {door}}"
HTTPS = "{address: 127.0.0.1, https: {door}, tls: local}"


def configuration(configs: Mapping[str, Mapping[str, Any]], listen: str = HTTP) -> str:
    """The text of doorward.yaml, its ports still to be filled in."""
    text = CONFIGURATION.replace("{LISTEN}", listen)
    providers = "".join(
        f"  - {json.dumps({'name': name, 'id': identifier(name), 'type': 'saml', 'config': config})}\n"
        for name, config in configs.items()
    )
    text = text.replace("groups:\n", f"{providers}groups:\n", 1)
    applications = [Kind(f"{name}.localhost", ("policies: [Staff]", f"allowed_idps: [{name}]")) for name in configs]
    applications.append(Kind("openid.localhost", ("policies: [Staff]", "allowed_idps: [Directory]")))
    department = '{saml: {attribute_name: department, attribute_value: "R&D", identity_provider_id: s-both}}'
    applications.append(
        Kind("research.localhost", (
            f"policies: [{{name: Research, decision: allow, include: [{department}]}}]", "allowed_idps: [s-both]",
        ))
    )  # fmt: skip
    return text + "\n".join(kind.to_yaml() for kind in applications) + "\n"


@contextmanager
def saml_place(folder: Path, scheme: str = "http") -> Iterator[Saml]:
    """The door and both providers, until the block ends."""
    listen = HTTPS if scheme == "https" else HTTP
    with (
        pysaml2_idp(PEOPLE) as pysaml2,
        samlp_idp(PEOPLE) as samlp,
        standing(folder, configuration(kinds(pysaml2, samlp), listen), scheme=scheme) as house,
    ):
        place = Saml(house, pysaml2, samlp)
        with httpx.Client(trust_env=False, timeout=20) as client:
            client.post(f"{pysaml2.address}/metadata", content=place.metadata("p-encrypted")).raise_for_status()
            certificate = place.metadata("s-encrypted").partition('use="encryption"')[2]
            lines = certificate.partition("X509Certificate>")[2].partition("<")[0]
            pem = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
            told = {"certificate": pem, "recipient": house.team("/callback")}
            client.post(f"{samlp.address}/relying-party", data=told).raise_for_status()
        yield place


async def to_form(visitor: Visitor, name: str, path: str = "/") -> httpx.Response:
    """From the application to the provider's form."""
    page = await visitor.open(f"{name}.localhost", path)
    if "onward-form" in page.text:
        (form,) = forms_of(page.text)
        page = await visitor.ask(form.method, form.action, data=form.fields)
    assert page.status_code == 200, page.text
    assert 'name="user"' in page.text
    return page


async def answer(visitor: Visitor, page: httpx.Response, who: str = "ada") -> tuple[str, dict[str, str]]:
    """Sign in at the provider's form: where the answer is to be posted, and what."""
    (form,) = forms_of(page.text)
    done = await visitor.ask(
        form.method, urljoin(str(page.url), form.action or str(page.url)), data={**form.fields, "user": who}
    )
    assert done.status_code == 200, done.text
    (back,) = forms_of(done.text)
    return back.action, back.fields


async def deliver(
    visitor: Visitor, action: str, fields: Mapping[str, str], sender: str = "http://idp.test"
) -> httpx.Response:
    """Post as a browser does for another site: without the cookies of a site whose cookies are ``SameSite=Lax``."""
    async with Visitor(visitor.house) as bare:
        headers = {"origin": origin_of(sender), "sec-fetch-site": "cross-site"}
        response = await bare.ask("POST", action, data=dict(fields), headers=headers)
        assert not bare.client.cookies.jar._cookies
    visitor.trail.append(response)
    return response


async def sign_in(visitor: Visitor, name: str, path: str = "/", who: str = "ada") -> httpx.Response:
    """The whole way; where it ends."""
    page = await to_form(visitor, name, path)
    response = await deliver(visitor, *await answer(visitor, page, who))
    return await visitor.follow(response)
