"""A configuration with policies worth asking, and what a door has recorded under it."""

from __future__ import annotations

import asyncio

from tests.cli.calling import configured

from doorward.access.record import DecisionRecord
from doorward.settings import load
from doorward.store import Cipher, Store

POLICIES = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
ingress: [{hostname: wiki.localhost, service: 'http://127.0.0.1:1'}]
identity_providers:
  - {name: Company, type: oidc, config: {issuer: 'https://idp.example.com', client_id: d}}
  - {name: Partners, type: oidc, config: {issuer: 'https://idp.example.org', client_id: d}}
service_tokens: [{name: ci}, {name: old, enabled: false}]
groups:
  - name: Staff
    include: [{email_domain: {domain: example.com}}]
    exclude: [{email: {email: bad@example.com}}]
applications:
  - name: Wiki
    domain: wiki.localhost
    policies:
      - {name: Robots, decision: non_identity, include: [{service_token: {token_id: ci}}]}
      - {name: Blocked, decision: deny, include: [{ip: {ip: 198.51.100.0/24}}]}
      - {name: Staff only, decision: allow, include: [{group: {id: Staff}}]}
      - name: Red team
        decision: allow
        include: [{oidc: {claim_name: team, claim_value: red, identity_provider_id: Partners}}]
        require: [{auth_method: {auth_method: mfa}}]
"""
HERE = "192.0.2.7"


def prepared(folder, text=POLICIES, records=()):
    """The file and a database beside it, in which every name has an id."""
    file = configured(folder, text)
    asyncio.run(_prepared(load(file, {}), records))
    return file


async def _prepared(settings, records):
    store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
    try:
        providers = await store.objects.identify("identity_provider", ["Company", "Partners"])
        applications = await store.objects.identify("application", ["Wiki"])
        await store.decisions.append([_placed(record, providers, applications) for record in records])
    finally:
        await store.close()


def _placed(record, providers, applications):
    identity = record.evidence.get("identity")
    evidence = dict(record.evidence)
    if identity is not None:
        evidence["identity"] = {**identity, "idp_id": providers[identity["idp_id"]].id}
    fields = {name: getattr(record, name) for name in record.__slots__}
    return DecisionRecord(**{**fields, "evidence": evidence, "application_id": applications["Wiki"].id})


def seen(reference, email="", at=1_790_000_000, idp="Company", **fields):
    """A request on record."""
    identity = {
        "id": "1", "email": email, "name": "", "idp_id": idp, "idp_type": "oidc", "amr": ["mfa"], "groups": [],
        "groups_total": 0, "claims": {"oidc_fields": {"team": "red"}, "saml_attributes": {}},
    }  # fmt: skip
    values = {
        "reference": reference, "at": at, "kind": "request", "method": "GET", "host": "wiki.localhost", "path": "/page",
        "ip": HERE, "user_email": email, "application_name": "Wiki", "outcome": "allow" if email else "login",
        "evidence": {"ip": HERE, "country": None, "identity": identity if email else None},
    }  # fmt: skip
    return DecisionRecord(**(values | fields))
