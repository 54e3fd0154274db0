"""Broken files: each mistake is found at its field and on its line, and nothing else is complained about.

In the replacements ``#!`` marks the line where the problem is expected.
"""

from __future__ import annotations

import pytest
from tests.settings.reading import GOOD, changed, errors_of, refusal_of

from doorward.settings import InvalidConfiguration, Severity, load

APPLICATION = "    domain: wiki.example.com\n    session_duration: 8h\n"

BROKEN = {
    # what a field may hold
    "unknown section": ("lists:\n", "list: [] #!\nlists:\n", "list"),
    "unknown field": (APPLICATION, APPLICATION + "    domian: x #!\n", "applications[0].domian"),
    "unknown field deep inside": ("issuer: https://idp", "isuer: x #!\n      issuer: https://idp", "identity_providers[0].config.isuer"),
    "section that is not needed": ("lists:\n", "tunnel: 4f1d #!\nlists:\n", "tunnel"),
    "field of a later version": (APPLICATION, APPLICATION + "    saas_app: {} #!\n", "applications[0].saas_app"),
    "cloudflared field": ("service: https://10.0.0.13", "service: https://10.0.0.13\n    originRequest: {tlsTimeout: 1s} #!", "ingress[1].originRequest.tlsTimeout"),
    "missing name": ("  - name: Wiki\n    domain: wiki", "  - logo_url: '' #!\n    domain: wiki", "applications[0].name"),
    "empty name": ("name: Wiki", "name: '' #!", "applications[0].name"),
    "name without value": ("name: Wiki", "name: #!", "applications[0].name"),
    "name of 351 characters": ("name: Wiki", f"name: {'x' * 351} #!", "applications[0].name"),
    "name with a control character": ("name: Wiki", 'name: "a\\eb" #!', "applications[0].name"),
    "text in place of a list": ("    allowed_idps: [Company]", "    allowed_idps: Company #!", "applications[1].allowed_idps"),
    "text in place of fields": ("ip_list: {id: Office}", "ip_list: Office #!", "applications[1].policies[0].include[0].ip_list"),
    "a list in place of text": ("name: Wiki", "name: [Wiki] #!", "applications[0].name"),
    "mapping in place of a list": ("lists:\n  - name: Partners\n    emails: [Ann@Partner.example]\n  - name: Office\n    networks: [192.0.2.0/24]\n",
                                   "lists: {name: Partners} #!\n", "lists"),
    "neither true nor false": (APPLICATION, APPLICATION + "    enable_binding_cookie: maybe #!\n", "applications[0].enable_binding_cookie"),
    "no number": ("https: 443", "https: many #!", "listen.https"),
    "port zero": ("https: 443", "https: 0 #!", "listen.https"),
    "port too large": ("https: 443", "https: 65536 #!", "listen.https"),
    "not one of the words": ("decision: bypass", "decision: alow #!", "applications[1].policies[0].decision"),
    "another application type": ("    domain: build", "    type: saas #!\n    domain: build", "applications[1].type"),
    "duration without unit": ("session_duration: 8h", "session_duration: 8 #!", "applications[0].session_duration"),
    "session longer than a month": ("session_duration: 8h", "session_duration: 731h #!", "applications[0].session_duration"),
    "negative session": ("session_duration: 8h", "session_duration: -1h #!", "applications[0].session_duration"),
    "organization session too short": ("session_duration: 24h", "session_duration: 14m #!", "organization.session_duration"),
    "policy session too long": ("name: Staff only", "name: Staff only\n        session_duration: 1000h #!", "applications[0].policies[1].session_duration"),
    "auth domain with scheme": ("auth_domain: login", "auth_domain: https://login #!\n  # ", "organization.auth_domain"),
    "auth domain with port": ("auth_domain: login.example.com", "auth_domain: login.example.com:8443 #!", "organization.auth_domain"),
    "colour that is code": ("  session_duration: 24h", "  login_design: {text_color: 'red; }'} #!", "organization.login_design.text_color"),
    "deny address that is script": (APPLICATION, APPLICATION + "    custom_deny_url: javascript:alert(1) #!\n", "applications[0].custom_deny_url"),
    "id that is none": ("name: Wiki", "name: Wiki\n    id: '12' #!", "applications[0].id"),
    "audience tag that is none": ("name: Wiki", "name: Wiki\n    aud: abc #!", "applications[0].aud"),
    # rules
    "unknown selector": ("- email_domain: {domain: example.com}", "- emial_domain: {domain: example.com} #!", "groups[0].include[0]"),
    "two selectors in one rule": ("- everyone: {}", "- {everyone: {}, ip: {ip: 192.0.2.1}} #!", "applications[1].policies[1].include[0]"),
    "rule as a word": ("- everyone: {}", "- everyone #!", "applications[1].policies[1].include[0]"),
    "everyone without value": ("- everyone: {}", "- everyone: #!", "applications[1].policies[1].include[0].everyone"),
    "no include": ("        include:\n          - everyone: {}", "        include: [] #!", "applications[1].policies[1].include"),
    "bad e-mail": ("- everyone: {}", "- email: {email: nobody} #!", "applications[1].policies[1].include[0].email.email"),
    "bad domain": ("{domain: example.com}", "{domain: 'a b'} #!", "groups[0].include[0].email_domain.domain"),
    "bad network": ("[192.0.2.0/24]", "[192.0.2.0/33] #!", "lists[1].networks[0]"),
    "missing value of a rule": ("{domain: example.com}", "{} #!", "groups[0].include[0].email_domain.domain"),
    "country without database": ("- everyone: {}", "- geo: {country_code: US} #!", "applications[1].policies[1].include[0].geo"),
    "bypass by identity": ("- ip_list: {id: Office}", "- group: {id: Staff} #!", "applications[1].policies[0].include[0]"),
    "service policy by identity": ("decision: bypass\n        include:\n          - ip_list: {id: Office}",
                                   "decision: non_identity\n        include:\n          - email: {email: a@b.example} #!", "applications[1].policies[0].include[0]"),
    "exclude that nothing can answer": ("          - everyone: {}", "          - everyone: {}\n        exclude:\n          - cloudflare_account_member: {} #!", "applications[1].policies[1].exclude[0]"),
    "deny that nothing can answer": ("        decision: allow\n        include:\n          - everyone: {}",
                                     "        decision: deny\n        include:\n          - cloudflare_account_member: {} #!", "applications[1].policies[1].include[0]"),
    # names
    "two applications of one name": ("- name: Build", "- name: Wiki #!", "applications[1].name"),
    "two policies of one name": ("name: Everybody with an account", "name: Office #!", "applications[1].policies[1].name"),
    "two lists of one name": ("  - name: Office\n    networks", "  - name: Partners #!\n  - name: Office\n    networks", "lists[1].name"),
    "unknown policy": ("- Partners may\n", "- Partner may #!\n", "applications[0].policies[0]"),
    "unknown group": ("group: {id: Staff}", "group: {id: Stuff} #!", "applications[0].policies[1].include[0].group.id"),
    "unknown list": ("ip_list: {id: Office}", "ip_list: {id: Home} #!", "applications[1].policies[0].include[0].ip_list.id"),
    "unknown provider in a rule": ("login_method: {id: Company}", "login_method: {id: Kompany} #!", "applications[0].policies[1].require[0].login_method.id"),
    "unknown provider in allowed_idps": ("[Company]", "[Company, Other] #!", "applications[1].allowed_idps[1]"),
    "group in itself": ("  - name: Staff\n    include:\n", "  - name: Staff #!\n    include:\n      - group: {id: Staff}\n", "groups[0]"),
    # identity providers
    "provider type of a later version": ("type: oidc", "type: cloudflare #!", "identity_providers[0].type"),
    "provider type that is none": ("type: oidc", "type: odic #!", "identity_providers[0].type"),
    "provider without type": ("    type: onetimepin\n", "    id: 5f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10 #?\n", "identity_providers[1]"),
    "two one-time PIN providers": ("lists:\n", "  - name: Second\n    type: onetimepin #!\nlists:\n", "identity_providers[2].type"),
    "provider over plain http": ("https://idp.example.com", "http://idp.example.com #!", "identity_providers[0].config.issuer"),
    "no openid scope": ("client_id: doorward", "client_id: doorward\n      scopes: [email] #!", "identity_providers[0].config.scopes"),
    "shared-secret signatures": ("client_id: doorward", "client_id: doorward\n      allowed_algorithms: [HS256] #!", "identity_providers[0].config.allowed_algorithms[0]"),
    "no client id": ("      client_id: doorward\n", "", "identity_providers[0].config.client_id"),
    "mail without sender": ("  sender: login@example.com\n", "", "mail.sender"),
    "mail sender that is no address": ("sender: login@example.com", "sender: login #!", "mail.sender"),
    "mail user without password": ("  host: smtp.example.com", "  host: smtp.example.com\n  username: u #!", "mail.username"),
    "instant login with two providers": (APPLICATION, APPLICATION + "    auto_redirect_to_identity: true #!\n", "applications[0].auto_redirect_to_identity"),
    "instant login everywhere with two providers": ("  session_duration: 24h", "  auto_redirect_to_identity: true #!", "organization.auto_redirect_to_identity"),
    # hosts
    "two applications on one address": ("domain: build.example.com", "domain: WIKI.example.com/ #!\n    self_hosted_domains: [build.example.com]", "applications[1].domain"),
    "application on the team domain": ("    domain: build.example.com", "    self_hosted_domains: [login.example.com/x, build.example.com] #!", "applications[1].self_hosted_domains[0]"),
    "no domain at all": ("    domain: wiki.example.com\n", "    logo_url: ''\n", "applications[0].domain"),
    "domain with a query": ("domain: build.example.com", "domain: build.example.com/?a #!", "applications[1].domain"),
    "destination of another type": ("    domain: build.example.com", "    domain: build.example.com\n    destinations: [{type: private, uri: x}] #!", "applications[1].destinations[0].type"),
    "origin that is no address": ("service: http://10.0.0.12:8080", "service: ftp://10.0.0.12 #!", "ingress[0].service"),
    "origin with a path": ("service: http://10.0.0.12:8080", "service: http://10.0.0.12/app #!", "ingress[0].service"),
    "socket without a path": ("service: http://10.0.0.12:8080", "service: unix:app.sock #!", "ingress[0].service"),
    "path as regular expression": ("service: http://10.0.0.12:8080", "service: http://10.0.0.12:8080\n    path: ^/a.*$ #!", "ingress[0].path"),
    "hostname with inner wildcard": ("hostname: wiki.example.com", "hostname: w*.example.com #!", "ingress[0].hostname"),
    "origin on the team domain": ("  - hostname: build", "  - hostname: login.example.com #!\n    service: http://h\n  - hostname: build", "ingress[1].hostname"),
    "origin for every hostname": ("  - service: http_status:404", "  - service: http://10.0.0.14 #!", "ingress[2].hostname"),
    "the same origin entry twice": ("  - service: http_status:404", "  - hostname: build.example.com #!\n    service: http://h", "ingress[2]"),
    "catch-all in the middle": ("  - hostname: wiki", "  - service: http_status:404 #!\n  - hostname: wiki", "ingress[0].service"),
    # applications by themselves
    "preflight answered twice": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allow_all_origins: true}\n    options_preflight_bypass: true #!\n", "applications[0].options_preflight_bypass"),
    "credentials for all origins": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allow_all_origins: true, allow_credentials: true} #!\n", "applications[0].cors_headers.allow_credentials"),
    "all methods and some": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allowed_methods: [GET], allow_all_origins: true} #!\n", "applications[0].cors_headers.allowed_methods"),
    "no origins": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true} #!\n", "applications[0].cors_headers.allow_all_origins"),
    "all headers and some": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allow_all_origins: true, allow_all_headers: true, allowed_headers: [X-A]} #!\n", "applications[0].cors_headers.allowed_headers"),
    "origin with a path in cors": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allowed_origins: ['https://a.example/x']} #!\n", "applications[0].cors_headers.allowed_origins[0]"),
    "method that is none": (APPLICATION, APPLICATION + "    cors_headers: {allowed_methods: [FETCH], allow_all_origins: true} #!\n", "applications[0].cors_headers.allowed_methods[0]"),
    "max age of two days": (APPLICATION, APPLICATION + "    cors_headers: {allow_all_methods: true, allow_all_origins: true, max_age: 172800} #!\n", "applications[0].cors_headers.max_age"),
    "service token in a header of ours": (APPLICATION, APPLICATION + "    read_service_tokens_from_header: Cf-Access-Token #!\n", "applications[0].read_service_tokens_from_header"),
    "service token in a cookie": (APPLICATION, APPLICATION + "    read_service_tokens_from_header: cookie #!\n", "applications[0].read_service_tokens_from_header"),
    "service token in no header": (APPLICATION, APPLICATION + "    read_service_tokens_from_header: 'X Y' #!\n", "applications[0].read_service_tokens_from_header"),
    # service tokens
    "service token of no time": ("lists:\n", "service_tokens: [{name: ci, duration: 0s}] #!\nlists:\n", "service_tokens[0].duration"),
    "service token of a number": ("lists:\n", "service_tokens: [{name: ci, duration: 8760}] #!\nlists:\n", "service_tokens[0].duration"),
    "service token with half of its credentials": ("lists:\n", f"service_tokens: [{{name: ci, client_id: {'a' * 32}.access}}] #!\nlists:\n", "service_tokens[0]"),
    "service token with the other half": ("lists:\n", f"service_tokens: [{{name: ci, client_secret: {'a' * 64}}}] #!\nlists:\n", "service_tokens[0]"),
    "client id that is none": ("lists:\n", f"service_tokens: [{{name: ci, client_id: ci, client_secret: {'a' * 64}}}] #!\nlists:\n", "service_tokens[0].client_id"),
    "client secret that can be guessed": ("lists:\n", f"service_tokens: [{{name: ci, client_id: {'a' * 32}.access, client_secret: hunter2}}] #!\nlists:\n", "service_tokens[0].client_secret"),
    "service token with a field of the API": ("lists:\n", "service_tokens: [{name: ci, expires_at: 2027-01-01}] #!\nlists:\n", "service_tokens[0].expires_at"),
    "service token twice": ("lists:\n", "service_tokens:\n  - name: ci\n  - name: ci #!\nlists:\n", "service_tokens[1].name"),
    "client id twice": ("lists:\n", f"service_tokens:\n  - {{name: a, client_id: {'a' * 32}.access, client_secret: {'b' * 64}}}\n  - {{name: b, client_id: {'a' * 32}.access, client_secret: {'c' * 64}}} #!\nlists:\n", "service_tokens[1].client_id"),
    "service token that nobody declared": ("- everyone: {}", "- everyone: {}\n        exclude:\n          - service_token: {token_id: ci} #!", "applications[1].policies[1].exclude[0].service_token.token_id"),
    # the machine
    "nothing listened on": ("  https: 443\n  tls: local\n", "", "listen"),
    "https without certificate": ("  https: 443\n  tls: local\n", "  https: 443 #!\n", "listen.https"),
    "certificate without https": ("  https: 443\n  tls: local\n", "  http: 80\n  tls: local #!\npublic: {scheme: https}\n", "listen.tls"),
    "one port twice": ("  https: 443\n", "  https: 443\n  http: 443 #!\n", "listen.http"),
    "tls that is a word": ("tls: local", "tls: global #!", "listen.tls"),
    "address that is a name": ("address: 0.0.0.0", "address: localhost #!", "listen.address"),
    "status for everybody": ("lists:\n", "status: {address: 0.0.0.0} #!\nlists:\n", "status.address"),
    "status on a listener's port": ("lists:\n", "status: {port: 443} #!\nlists:\n", "status.port"),
    "our own header trusted": ("lists:\n", "client_address: {header: x-doorward-client-address} #!\nlists:\n", "client_address.header"),
    "no hop trusted": ("lists:\n", "client_address: {header: x-forwarded-for, trusted_hops: 0} #!\nlists:\n", "client_address.trusted_hops"),
    "no geoip file": ("lists:\n", "geoip: no.mmdb #!\nlists:\n", "geoip"),
    "no CA bundle": ("service: https://10.0.0.13", "service: https://10.0.0.13\n    originRequest: {caPool: no.pem} #!", "ingress[1].originRequest.caPool"),
    "a store of a later version": ("lists:\n", "store: postgresql://localhost/door #!\nlists:\n", "store"),
    "a store in the root folder": ("lists:\n", "store: sqlite:///doorward.db #!\nlists:\n", "store"),
    "a store that forgets": ("lists:\n", "store: 'sqlite::memory:' #!\nlists:\n", "store"),
    "the key in the database": ("lists:\n", "store: sqlite:a/b\nsecret_key_file: a/b #!\nlists:\n", "secret_key_file"),
    "log level that is none": ("lists:\n", "log: {level: loud} #!\nlists:\n", "log.level"),
    # values from outside
    "variable that is not set": ("name: Wiki", "name: ${NOT_SET} #!", "applications[0].name"),
    "variable without a name": ("name: Wiki", "name: ${} #!", "applications[0].name"),
    "secret file that is not there": ("${CLIENT_SECRET}", "file:no-such-file #!", "identity_providers[0].config.client_secret"),
    # YAML
    "key twice": ("name: Wiki", "name: Wiki\n    name: Other #!", "applications[0].name"),
    "key twice at the top": ("lists:\n", "log: {}\nlog: {} #!\nlists:\n", "log"),
    "tag": ("name: Wiki", "name: !!python/object:os.system Wiki #!", "applications[0].name"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_reported_at_its_field_and_line(tmp_path, old, new, path):
    text = changed(old, new)
    found = errors_of(tmp_path, text)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "#!" in line]
    if lines:
        assert found == [(path, lines[0])]
    else:  # a field that is not there stands where the thing around it begins
        assert [place for place, _ in found] == [path]


@pytest.mark.parametrize(("old", "new", "path"), BROKEN.values(), ids=BROKEN)
def test_every_error_says_what_is_wrong_and_what_would_be_right(tmp_path, old, new, path):
    for problem in refusal_of(tmp_path, changed(old, new)).problems:
        if problem.severity is Severity.ERROR:
            assert len(problem.message) > 8
            assert len(problem.hint) > 4


HINTS = {
    "did you mean a section": ("lists:\n", "list: []\nlists:\n", "did you mean 'lists'?"),
    "did you mean a field": (
        APPLICATION,
        APPLICATION + "    sesion_duration: 1h\n",
        "did you mean 'session_duration'?",
    ),
    "did you mean a selector": ("- everyone: {}", "- everyon: {}", "did you mean 'everyone'?"),
    "did you mean a decision": ("decision: bypass", "decision: bypas", "did you mean 'bypass'?"),
    "did you mean a name": ("group: {id: Staff}", "group: {id: Staf}", "did you mean 'Staff'?"),
    "known fields": ("lists:\n", "log: {colour: red}\nlists:\n", "known here: format, level"),
    "how to quote": ("{domain: example.com}", "{domain: ${DOMAIN}}", 'quote variables, like "${NAME}"'),
    "no tabs": ("    domain: wiki", "\tdomain: wiki", "indent with spaces"),
    "one document": ("lists:\n", "---\nlists:\n", "second '---'"),
    "plain http": ("  https: 443\n  tls: local\n", "  http: 80\n", "public: {scheme: https}"),
    "h2c": ("http://10.0.0.12:8080", "h2c://10.0.0.12:8080", "http2Origin: true"),
    "shape of a rule": ("ip_list: {id: Office}", "ip_list: Office", "write ip_list: {id: …}"),
}


@pytest.mark.parametrize(("old", "new", "hint"), HINTS.values(), ids=HINTS)
def test_the_hint_names_what_was_meant(tmp_path, old, new, hint):
    problems = refusal_of(tmp_path, changed(old, new)).problems
    assert any(hint in problem.hint + problem.message for problem in problems)


def test_all_mistakes_are_reported_at_once_and_in_order(tmp_path):
    text = GOOD
    for old, new, _ in (
        BROKEN["auth domain with port"],
        BROKEN["no geoip file"],
        BROKEN["bad network"],
        BROKEN["unknown group"],
        BROKEN["two applications of one name"],
        BROKEN["not one of the words"],
    ):
        text = changed(old, new, text)
    found = errors_of(tmp_path, text)
    assert found == [
        ("organization.auth_domain", 3),
        ("geoip", 27),
        ("lists[1].networks[0]", 32),
        ("applications[0].policies[1].include[0].group.id", 51),
        ("applications[1].name", 54),
        ("applications[1].policies[0].decision", 59),
    ]


def test_a_broken_field_does_not_hide_mistakes_in_the_rest_of_its_application(tmp_path):
    text = changed(APPLICATION, "    domain: wiki.example.com/?\n    session_duration: long\n")
    text = changed(
        "      - Partners may\n", "      - Strangers may\n      - {name: X, decision: no, include: []}\n", text
    )
    assert [path for path, _ in errors_of(tmp_path, text)] == [
        "applications[0].domain",
        "applications[0].session_duration",
        "applications[0].policies[0]",
        "applications[0].policies[1].decision",
        "applications[0].policies[1].include",
    ]


def test_a_broken_declaration_is_no_missing_one(tmp_path):
    text = changed("{domain: example.com}", "{domain: 'a b'}")
    assert [path for path, _ in errors_of(tmp_path, text)] == ["groups[0].include[0].email_domain.domain"]


def test_a_missing_origin_is_found(tmp_path):
    text = changed("domain: build.example.com", "domain: new.example.com")
    error = refusal_of(tmp_path, text)
    (missing,) = [problem for problem in error.problems if problem.severity is Severity.ERROR]
    assert missing.path == "applications[1].domain"
    assert "no origin for 'new.example.com'" in missing.message


def test_a_wildcard_origin_serves_every_name_below(tmp_path):
    text = changed("hostname: build.example.com", "hostname: '*.example.com'")
    text = changed("domain: build.example.com", "domain: '*-dev.example.com'", text)
    with pytest.raises(AssertionError, match="accepted"):
        refusal_of(tmp_path, text)


def test_one_time_pins_need_a_mail_server(tmp_path):
    text = changed("mail:\n  host: smtp.example.com\n  sender: login@example.com\n", "")
    assert errors_of(tmp_path, text) == [("identity_providers[1].type", 23)]


def test_without_any_provider_nobody_can_sign_in(tmp_path):
    text = """\
organization: {name: A, auth_domain: login.localhost}
listen: {http: 8080}
ingress: [{hostname: a.localhost, service: "http://127.0.0.1:1"}]
applications:
  - name: A
    domain: a.localhost
    policies: [{name: P, decision: allow, include: [{email: {email: a@b.example}}]}]
"""
    assert errors_of(tmp_path, text) == [("applications[0].policies", 7)]


def test_an_endless_alias_is_refused(tmp_path):
    assert "contains it" in refusal_of(tmp_path, "a: &a\n  - *a\n").problems[0].message


def test_a_file_that_grows_explosively_is_refused(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    assert "values" in refusal_of(tmp_path, bomb).problems[0].message


@pytest.mark.parametrize("depth", [100, 2_000, 100_000])
def test_a_bottomless_file_is_refused(tmp_path, depth):
    assert len(refusal_of(tmp_path, "a: " + "[" * depth).problems) == 1
    assert len(refusal_of(tmp_path, "a: " + "[" * depth + "]" * depth).problems) >= 1


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing\n", b"null", b"- a\n- b\n", b"just text", b"\xff\xfe\x00", b"a: \x00", b"a: \x1b[31m", b"a: b: c",
     b"? [a, b]\n: c\n", b"? {a: b}\n: c\n", b"{}", b"a: *nowhere", b"%TAG", b"<<: 5\n", b"<<: [5]\n", b"a: &a {<<: *a}\n"],
)  # fmt: skip
def test_what_is_no_configuration_at_all_is_refused_with_a_sentence(tmp_path, content):
    file = tmp_path / "doorward.yaml"
    file.write_bytes(content)
    with pytest.raises(InvalidConfiguration) as caught:
        load(file, {})
    assert all(problem.message and problem.line >= 1 for problem in caught.value.problems)
