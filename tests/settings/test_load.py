"""Good files become settings, and what the settings say is complete."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.settings.reading import ENVIRON, changed, errors_of, refusal_of, settings_of, write

from doorward.organization import PublicAddress
from doorward.settings import (
    ClientAddress,
    InvalidConfiguration,
    Listen,
    LocalTls,
    Log,
    Mail,
    Severity,
    StatusListen,
    load,
)

LOCAL = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
"""


def test_a_good_file_has_neither_errors_nor_warnings(tmp_path):
    assert settings_of(tmp_path).warnings == ()


def test_what_is_not_written_has_its_default(tmp_path):
    settings = settings_of(tmp_path, LOCAL)
    assert settings.path == tmp_path / "doorward.yaml"
    assert settings.state_dir == tmp_path / "doorward-state"
    assert settings.store_url == f"sqlite:///{tmp_path}/doorward-state/doorward.db"
    assert settings.secret_key_file == tmp_path / "doorward-state" / "secret.key"
    assert settings.listen == Listen("127.0.0.1", 8080, None, None, None, http3=False)
    assert settings.public == PublicAddress(scheme="http", port=8080)
    assert settings.client_address == ClientAddress(None, 0)
    assert settings.status == StatusListen("127.0.0.1", 9901)
    assert settings.log == Log("text", "info")
    assert settings.geoip is None
    assert settings.mail is None
    assert settings.organization.session_duration == timedelta(hours=24)


def test_declared_objects_are_all_there(tmp_path):
    settings = settings_of(tmp_path)
    assert [part.name for part in settings.applications] == ["Wiki", "Build"]
    assert [part.name for part in settings.identity_providers] == ["Company", "Code"]
    assert [part.name for part in settings.groups] == ["Staff"]
    assert [part.name for part in settings.lists] == ["Partners", "Office"]
    assert [part.name for part in settings.policies] == ["Partners may"]
    assert settings.applications[0].session_duration == timedelta(hours=8)
    assert settings.applications[1].session_duration == timedelta(hours=24)
    assert settings.mail == Mail("smtp.example.com", 587, "", None, "starttls", "login@example.com")


def test_the_catch_all_is_accepted_and_adds_nothing(tmp_path):
    services = [part.service for part in settings_of(tmp_path).ingress]
    assert services == ["http://10.0.0.12:8080", "https://10.0.0.13:443"]


@pytest.mark.parametrize(
    ("listen", "public"),
    [
        ("listen: {http: 8080}", ("http", 8080)),
        ("listen: {https: 443, tls: local}", ("https", 443)),
        ("listen: {http: 80, https: 8443, tls: local}", ("https", 8443)),
        ("listen: {http: 8080}\npublic: {scheme: https}", ("https", 443)),
        ("listen: {https: 8443, tls: local}\npublic: {port: 443}", ("https", 443)),
        ("listen: {http: 8080}\npublic: {scheme: https, port: 10443}", ("https", 10443)),
        ("listen: {http: 8080, https: 8443, tls: local}\npublic: {scheme: http}", ("http", 8080)),
    ],
)
def test_the_public_address_follows_from_what_is_listened_on(tmp_path, listen, public):
    settings = settings_of(tmp_path, changed("listen: {http: 8080}", listen, LOCAL))
    assert (settings.public.scheme, settings.public.port) == public


def test_every_setting_of_the_machine_is_read(tmp_path):
    (tmp_path / "country.mmdb").write_bytes(b"x")
    text = """\
organization: {name: A, auth_domain: Login.Example.COM.}
listen: {address: "::", https: 443, tls: local, http3: true, workers: 3}
client_address: {header: X-Forwarded-For, trusted_hops: 2}
status: {address: "::1", port: 9000}
store: sqlite:///var/lib/doorward/doorward.db
state_dir: state
secret_key_file: /etc/doorward/key
geoip: country.mmdb
log: {format: json, level: debug}
mail: {host: localhost, port: 1025, security: none, sender: "Example <login@example.com>"}
"""
    settings = settings_of(tmp_path, text)
    assert settings.organization.auth_domain == "login.example.com"
    assert settings.listen == Listen("::", None, 443, 3, LocalTls(), http3=True)
    assert settings.client_address == ClientAddress("x-forwarded-for", 2)
    assert settings.status == StatusListen("::1", 9000)
    assert settings.store_url == "sqlite:////var/lib/doorward/doorward.db"
    assert settings.state_dir == tmp_path / "state"
    assert settings.secret_key_file == Path("/etc/doorward/key")
    assert settings.geoip == tmp_path / "country.mmdb"
    assert settings.log == Log("json", "debug")
    assert settings.mail == Mail("localhost", 1025, "", None, "none", "Example <login@example.com>")


@pytest.mark.parametrize(
    ("store", "path"),
    [
        ("sqlite:data/door.db", "{here}/data/door.db"),
        ("sqlite:door.db", "{here}/door.db"),
        ("sqlite:/var/door/door.db", "/var/door/door.db"),
        ("sqlite:///var/door/door.db", "/var/door/door.db"),
        ("sqlite:////var/door/door.db", "/var/door/door.db"),
    ],
)
def test_the_store_is_an_absolute_path_whatever_way_it_is_written(tmp_path, store, path):
    settings = settings_of(tmp_path, LOCAL + f"store: {store}\n")
    assert settings.store_url == "sqlite:///" + path.format(here=tmp_path)
    assert settings.state_dir == Path(path.format(here=tmp_path)).parent


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_mail_port_follows_from_its_security(tmp_path, security, port):
    text = LOCAL + f"mail: {{host: smtp.example.com, sender: a@example.com, security: {security}}}\n"
    assert settings_of(tmp_path, text).mail.port == port


def test_workers_from_the_command_line_win_over_the_file(tmp_path):
    text = changed("{http: 8080}", "{http: 8080, workers: 2}", LOCAL)
    assert settings_of(tmp_path, text, {}).listen.workers == 2
    assert settings_of(tmp_path, text, {"DOORWARD_WORKERS": "5"}).listen.workers == 5


@pytest.mark.parametrize("workers", ["0", "x", "-1", "1025", "٣", "1" * 30])
def test_an_impossible_number_of_workers_is_refused(tmp_path, workers):
    assert errors_of(tmp_path, LOCAL, {"DOORWARD_WORKERS": workers}) == [("listen.workers", 2)]


def test_environment_variables_are_put_in_anywhere(tmp_path):
    text = LOCAL.replace("login.localhost", '"${TEAM}.localhost"').replace("8080", "'${PORT}'")
    settings = settings_of(tmp_path, text, {"TEAM": "door", "PORT": "9000"})
    assert settings.organization.auth_domain == "door.localhost"
    assert settings.listen.http == 9000


def test_two_dollars_are_one_literal_dollar(tmp_path):
    text = LOCAL.replace("name: Local", 'name: "$${HOME} costs $5"')
    assert settings_of(tmp_path, text, {}).organization.name == "${HOME} costs $5"


def test_a_variable_is_not_looked_into_for_further_variables(tmp_path):
    settings = settings_of(tmp_path, LOCAL.replace("name: Local", "name: '${A}'"), {"A": "${B}", "B": "no"})
    assert settings.organization.name == "${B}"


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("from-a-file\n")
    settings = settings_of(tmp_path, changed("${CLIENT_SECRET}", "file:secret"), {})
    assert settings.identity_providers[0].config.client_secret.get_secret_value() == "from-a-file"


def test_a_secret_file_may_be_named_by_a_variable(tmp_path):
    (tmp_path / "secret").write_text("from-a-file")
    text = changed("${CLIENT_SECRET}", "file:${CREDENTIALS}/secret")
    settings = settings_of(tmp_path, text, {"CREDENTIALS": str(tmp_path)})
    assert settings.identity_providers[0].config.client_secret.get_secret_value() == "from-a-file"


def test_only_secret_fields_read_files(tmp_path):
    settings = settings_of(tmp_path, LOCAL.replace("name: Local", "name: file:/etc/hostname"))
    assert settings.organization.name == "file:/etc/hostname"


def test_words_keep_their_spelling_where_text_is_meant(tmp_path):
    """YAML 1.1 takes NO for false, 0123 for octal and 1:20 for a number of base sixty."""
    (tmp_path / "geo.mmdb").write_bytes(b"x")
    text = changed("- everyone: {}", "- geo: {country_code: NO}") + "geoip: geo.mmdb\n"
    text = changed("name: Wiki", "name: 0123", text)
    settings = settings_of(tmp_path, text)
    assert settings.applications[1].policies[1].include[0].geo.country_code == "NO"
    assert settings.applications[0].name == "0123"


@pytest.mark.parametrize("word", ["true", "True", "yes", "on"])
def test_every_spelling_of_true_works_where_yes_or_no_is_meant(tmp_path, word):
    text = changed("session_duration: 8h", f"enable_binding_cookie: {word}")
    assert settings_of(tmp_path, text).applications[0].enable_binding_cookie is True


def test_anchors_and_merges_work(tmp_path):
    text = changed(
        "    policies:\n      - name: Office\n",
        "    <<: &more {logo_url: 'https://example.com/l.png', session_duration: 1h}\n    policies:\n      - name: Office\n",
    )
    text = changed("    session_duration: 8h\n", "    session_duration: 8h\n    logo_url: /l.png\n", text)
    build = settings_of(tmp_path, text).applications[1]
    assert (build.logo_url, build.session_duration) == ("https://example.com/l.png", timedelta(hours=1))


def test_what_is_written_wins_over_what_is_merged(tmp_path):
    merge = "    <<: {session_duration: 1h}\n    session_duration: 8h\n"
    text = changed("    session_duration: 8h\n", merge)
    assert settings_of(tmp_path, text).applications[0].session_duration == timedelta(hours=8)


def test_domains_and_destinations_are_folded_together(tmp_path):
    text = changed(
        "    domain: wiki.example.com\n",
        "    self_hosted_domains: [wiki.example.com, wiki.example.com/admin]\n"
        "    destinations: [{uri: wiki.example.com/deep}, {type: public, uri: wiki.example.com}]\n",
    )
    places = settings_of(tmp_path, text).applications[0].places()
    assert [text for _, text in places] == [
        "wiki.example.com",
        "wiki.example.com/admin",
        "wiki.example.com/deep",
        "wiki.example.com",
    ]


def test_a_session_may_be_as_long_as_the_organizations(tmp_path):
    text = changed("session_duration: 8h", "session_duration: null")
    assert settings_of(tmp_path, text).applications[0].session_duration is None


def test_an_immediate_timeout_is_zero(tmp_path):
    text = changed("session_duration: 8h", "session_duration: 0")
    assert settings_of(tmp_path, text).applications[0].session_duration == timedelta(0)


BUILD_POLICIES = """\
    policies:
      - name: Office
        decision: bypass
        include:
          - ip_list: {id: Office}
      - name: Everybody with an account
        decision: allow
        include:
          - everyone: {}
"""
WIKI_ENTRY, BUILD_ENTRY = "  - hostname: wiki.example.com\n", "  - hostname: build.example.com\n"
HARDLY_MEANT = {
    "no policy": (BUILD_POLICIES, "", "applications[1].policies", "nobody can enter"),
    "anybody": (
        "    allowed_idps: [Company]\n",
        "",
        "applications[1].policies[1]",
        "anyone in the world with a mailbox",
    ),
    "anybody of the company": ("- email_domain: {domain: example.com}", "- everyone: {}", None, None),
    "wrong list": ("{id: Partners}", "{id: Office}", "policies[0].include[0].email_list.id", "has no emails"),
    "no evidence": (
        "- email_list: {id: Partners}",
        "- cloudflare_account_member: {}",
        "policies[0].include[0].cloudflare_account_member",
        "never matches",
    ),
    "closed origin": (
        WIKI_ENTRY,
        f"  - {{hostname: extra.example.com, service: 'http://h'}}\n{WIKI_ENTRY}",
        "ingress[0].hostname",
        "no application covers",
    ),
    "open door": (
        "  session_duration: 24h\n",
        "  deny_unmatched_requests: false\n",
        "organization.deny_unmatched_requests",
        "open to everybody",
    ),
    "unreachable origin": (
        BUILD_ENTRY,
        f"  - {{hostname: wiki.example.com, path: /api, service: 'http://h'}}\n{BUILD_ENTRY}",
        "ingress[1]",
        "never reached",
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "says"), HARDLY_MEANT.values(), ids=HARDLY_MEANT)
def test_what_is_allowed_and_hardly_meant_is_a_warning(tmp_path, old, new, path, says):
    warnings = settings_of(tmp_path, changed(old, new)).warnings
    if path is None:
        assert warnings == ()  # the Staff group is asked for together with the company's login
    else:
        assert [(problem.path, problem.severity) for problem in warnings] == [(path, Severity.WARNING)]
        assert says in warnings[0].message


def test_warnings_are_reported_together_with_errors(tmp_path):
    text = changed("    allowed_idps: [Company]\n", "    enable_binding_cookie: perhaps\n")
    problems = refusal_of(tmp_path, text).problems
    assert [(problem.severity, problem.path) for problem in problems] == [
        (Severity.ERROR, "applications[1].enable_binding_cookie"),
        (Severity.WARNING, "applications[1].policies[1]"),
    ]


@pytest.mark.parametrize("name", ["localhost", "a.localhost", "a.b.localhost", "127.0.0.1"])
def test_plain_http_is_for_names_that_stay_on_the_machine(tmp_path, name):
    assert settings_of(tmp_path, LOCAL.replace("login.localhost", name)).public.scheme == "http"


def test_plain_http_elsewhere_takes_an_explicit_word(tmp_path):
    text = LOCAL.replace("login.localhost", "login.example.com")
    assert errors_of(tmp_path, text) == [("organization.auth_domain", 1)]
    assert settings_of(tmp_path, text + "public: {scheme: http}\n").public == PublicAddress(scheme="http", port=8080)


def test_secrets_are_in_no_repr_and_in_no_message(tmp_path):
    environ = {**ENVIRON, "MAIL": "swordfish"}
    text = changed("  sender: login@example.com\n", "  sender: login@example.com\n  username: u\n  password: ${MAIL}\n")
    settings = settings_of(tmp_path, text, environ)
    assert settings.mail.password.get_secret_value() == "swordfish"
    for value in (settings, settings.mail, settings.identity_providers, settings.identity_providers[0].config):
        assert "swordfish" not in repr(value) + str(value)
        assert ENVIRON["CLIENT_SECRET"] not in repr(value) + str(value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("client_secret: ${CLIENT_SECRET}", "client_secrte: hunter2-hunter2"),
        ("client_secret: ${CLIENT_SECRET}", "client_secret: {a: hunter2-hunter2}"),
        ("client_secret: ${CLIENT_SECRET}", "client_secret: [hunter2-hunter2]"),
        ("client_secret: ${CLIENT_SECRET}", "client_secret: hunter2-hunter2\n      client_secret: b"),
        ("      client_secret: ${CLIENT_SECRET}\n", '      client_secret: "hunter2-hunter2\n'),
        ("      client_secret: ${CLIENT_SECRET}\n", "      client_secret: !x hunter2-hunter2\n"),
        ("session_duration: 8h", "session_duration: ${SECOND}"),
        ("https: 443", "https: ${SECOND}"),
        ("service: http://10.0.0.12:8080", "service: ${SECOND}"),
        ("auth_domain: login.example.com", "auth_domain: ${SECOND}"),
        ("- email_domain: {domain: example.com}", "- email: {email: '${SECOND}'}"),
        ("type: onetimepin", "type: ${SECOND}"),
        ("decision: bypass", "decision: ${SECOND}"),
    ],
)  # fmt: skip
def test_no_problem_shows_a_secret_or_what_the_environment_holds(tmp_path, old, new):
    error = refusal_of(tmp_path, changed(old, new), {**ENVIRON, "SECOND": "hunter2 hunter2"})
    told = str(error) + "".join(problem.excerpt + str(problem.as_json()) + repr(problem) for problem in error.problems)
    assert "hunter2" not in told


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InvalidConfiguration) as caught:
        load(tmp_path / "nowhere.yaml", {})
    (problem,) = caught.value.problems
    assert "does not exist" in problem.message
    assert "doorward init" in problem.hint


def test_a_folder_is_not_a_configuration_file(tmp_path):
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        load(tmp_path, {})


def test_the_file_may_begin_with_a_byte_order_mark(tmp_path):
    file = write(tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load(file, ENVIRON).organization.name == "Example"
