"""``doorward init``: what it writes passes the check, whatever was chosen."""

from __future__ import annotations

import itertools
import stat

import pytest
from tests.cli.calling import call
from tests.settings.test_certificates import certificate, pem

from doorward.cli import questions
from doorward.cli.answers import default_name, quoted
from doorward.settings import load

LOCAL = ("--auth-domain", "login.localhost", "--domain", "wiki.localhost", "--origin", "http://127.0.0.1:3000")
REMOTE = ("--auth-domain", "login.example.com", "--domain", "wiki.example.com", "--origin", "https://10.0.0.12")
OIDC = ("--oidc-issuer", "https://idp.example.com", "--client-id", "doorward")
MAIL = ("--mail-host", "smtp.example.com")
PLACES = {
    "local": LOCAL,
    "remote": REMOTE,
    "path": (*REMOTE[:3], "wiki.example.com/docs", *REMOTE[4:]),
    "wildcard": (*REMOTE[:3], "*.example.com", *REMOTE[4:]),
    "label wildcard": (*REMOTE[:3], "*-dev.example.com/a*/b", *REMOTE[4:]),
    "socket": (*REMOTE[:5], "unix:/run/wiki.sock"),
    "named": (*REMOTE, "--name", "Wiki: the #1 [draft] \"é\" 'x' {y}"),
}
WHO = {
    "email": ("--allow", "Me@Example.com"),
    "domain": ("--allow", "example.com"),
    "@domain": ("--allow", "@example.com"),
}
HOW = {
    "oidc": OIDC,
    "oidc with secret": (*OIDC, "--client-secret", "s3cret: #"),
    "mail": MAIL,
    "mail on this machine": ("--mail-host", "127.0.0.1", "--mail-port", "1025"),
    "mail with everything": (*MAIL, "--mail-port", "465", "--mail-security", "tls", "--mail-sender", "door@example.com",
                             "--mail-username", "door", "--mail-password", "pässword"),
    "both": (*OIDC, *MAIL),
}  # fmt: skip


@pytest.mark.parametrize(("place", "who", "how"), list(itertools.product(PLACES, WHO, HOW)), ids=lambda part: part)
def test_what_is_written_passes_the_check(tmp_path, place, who, how):
    outcome = call("init", *PLACES[place], *WHO[who], *HOW[how])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stderr == ""
    settings = load(tmp_path / "doorward.yaml", {})
    assert settings.warnings == ()
    assert call("check").exit_code == 0


def test_the_answers_are_in_the_settings(tmp_path):
    call("init", *REMOTE, "--allow", "Me@Example.com", *HOW["oidc with secret"], *HOW["mail with everything"])
    settings = load(tmp_path / "doorward.yaml", {})
    assert settings.organization.auth_domain == "login.example.com"
    (application,) = settings.applications
    assert (application.name, application.domain) == ("Wiki", "wiki.example.com")
    assert settings.ingress[0].service == "https://10.0.0.12:443"
    assert settings.groups[0].include[0].email.email == "me@example.com"
    assert settings.identity_providers[0].config.client_secret.get_secret_value() == "s3cret: #"
    assert (settings.mail.port, settings.mail.security, settings.mail.username) == (465, "tls", "door")
    assert settings.mail.password.get_secret_value() == "pässword"
    assert (settings.public.scheme, settings.public.port) == ("https", 443)


def test_local_names_get_plain_http_and_others_https(tmp_path):
    call("init", "a.yaml", *LOCAL, "--allow", "a@b.example", *MAIL)
    call("init", "b.yaml", *REMOTE, "--allow", "a@b.example", *MAIL)
    assert load(tmp_path / "a.yaml", {}).public.scheme == "http"
    assert load(tmp_path / "b.yaml", {}).public.scheme == "https"


def test_a_certificate_is_named_with_its_whole_path(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "door.crt").write_bytes(certificate(key, ("*.example.com",)))
    (tmp_path / "door.key").write_bytes(pem(key))
    (tmp_path / "etc").mkdir()
    files = ("--certificate", "door.crt", "--key", "door.key")
    outcome = call("init", "etc/door.yaml", *REMOTE, *WHO["email"], *MAIL, *files)
    assert outcome.exit_code == 0, outcome.output
    assert load(tmp_path / "etc" / "door.yaml", {}).listen.tls.certificate == tmp_path / "door.crt"


def test_secrets_go_into_files_that_only_their_owner_reads(tmp_path):
    outcome = call("init", *REMOTE, *WHO["email"], *HOW["oidc with secret"], *HOW["mail with everything"])
    text = (tmp_path / "doorward.yaml").read_text()
    for name, secret in (("doorward.client-secret", "s3cret"), ("doorward.mail-password", "pässword")):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert secret in (tmp_path / name).read_text()
        assert secret not in text + outcome.output


def test_next_steps_are_told(tmp_path):
    told = call("init", "my.yaml", *LOCAL, *WHO["email"], *OIDC).stdout
    assert "http://login.localhost:8080/cdn-cgi/access/callback" in told
    assert "doorward check --config my.yaml" in told
    assert "doorward serve --config my.yaml" in told
    assert "http://wiki.localhost:8080/" in told


@pytest.mark.parametrize("occupant", ["doorward.yaml", "doorward.client-secret"])
def test_nothing_is_ever_overwritten(tmp_path, occupant):
    (tmp_path / occupant).write_text("mine")
    outcome = call("init", *REMOTE, *WHO["email"], *HOW["oidc with secret"])
    assert outcome.exit_code == 1
    assert (tmp_path / occupant).read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == [occupant]


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "doorward.yaml").symlink_to(tmp_path / "elsewhere")
    assert call("init", *REMOTE, *WHO["email"], *MAIL).exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    outcome = call("init", "no/such/doorward.yaml", *REMOTE, *WHO["email"], *MAIL)
    assert outcome.exit_code == 1
    assert "cannot be written" in outcome.stderr


@pytest.mark.parametrize("missing", ["--auth-domain", "--domain", "--origin", "--allow", "--mail-host"])
def test_without_a_terminal_what_is_missing_is_named_and_nothing_blocks(tmp_path, missing):
    options = [*REMOTE, *WHO["email"], *MAIL]
    where = options.index(missing)
    outcome = call("init", *options[:where], *options[where + 2 :])
    assert outcome.exit_code == 2
    assert missing in outcome.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == []


WRONG = {
    "no host": ("--auth-domain", "https://login.example.com"),
    "host with port": ("--auth-domain", "login.example.com:80"),
    "no domain": ("--domain", "wiki.example.com?x"),
    "no origin": ("--origin", "wiki"),
    "nobody": ("--allow", "a b"),
    "insecure issuer": ("--oidc-issuer", "http://idp.example.com"),
    "no mail host": ("--mail-host", "smtp host"),
    "no sender": ("--mail-sender", "door"),
    "the team domain": ("--domain", "login.example.com"),
}


@pytest.mark.parametrize("option", WRONG.values(), ids=WRONG)
def test_an_unusable_answer_is_wrong_usage(tmp_path, option):
    outcome = call("init", *REMOTE, *WHO["email"], *OIDC, *MAIL, *option)
    assert outcome.exit_code == 2
    assert option[0] in outcome.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [(*MAIL, "--client-id", "x"), (*OIDC, "--mail-port", "25"), (*MAIL, "--mail-username", "u"),
     (*MAIL, "--certificate", "x"), (*MAIL, "--key", "x"), OIDC[:2]],
)  # fmt: skip
def test_options_that_mean_nothing_alone_are_wrong_usage(tmp_path, options):
    assert call("init", *REMOTE, *WHO["email"], *options).exit_code == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == []


def test_what_would_not_pass_the_check_is_taken_away_again(tmp_path):
    outcome = call(
        "init", *REMOTE, *WHO["email"], *HOW["oidc with secret"], "--certificate", "no.crt", "--key", "no.key"
    )
    assert outcome.exit_code == 1
    assert "does not exist" in outcome.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == []


@pytest.fixture
def terminal(monkeypatch):
    """Pretends that somebody sits there."""
    monkeypatch.setattr("doorward.cli.init.at_terminal", lambda: True)


def test_at_a_terminal_everything_missing_is_asked(tmp_path, terminal):
    answers = "login.localhost\nwiki.localhost\nhttp://127.0.0.1:3000\nme@example.com\nn\nsmtp.localhost\n"
    outcome = call("init", input=answers)
    assert outcome.exit_code == 0, outcome.output
    assert load(tmp_path / "doorward.yaml", {}).mail.host == "smtp.localhost"


def test_a_wrong_answer_is_asked_for_again(tmp_path, terminal):
    answers = "https://login\nlogin.localhost\nwiki.localhost\nnowhere\nhttp://127.0.0.1:3000\nme@example.com\n"
    outcome = call("init", *MAIL, input=answers)
    assert outcome.exit_code == 0, outcome.output
    assert "more than a host name" in outcome.output


def test_an_openid_provider_is_asked_with_its_client_and_secret(tmp_path, terminal):
    outcome = call("init", *REMOTE, *WHO["email"], input="y\nhttps://idp.example.com\ndoorward\ns3cret\n")
    assert outcome.exit_code == 0, outcome.output
    config = load(tmp_path / "doorward.yaml", {}).identity_providers[0].config
    assert (config.client_id, config.client_secret.get_secret_value()) == ("doorward", "s3cret")
    assert "s3cret" not in outcome.output


def test_with_everything_given_nothing_is_asked_at_a_terminal_either(tmp_path, terminal):
    assert call("init", *REMOTE, *WHO["email"], *OIDC, input="").exit_code == 0


def test_giving_up_leaves_nothing_behind(tmp_path, terminal):
    outcome = call("init", input="login.localhost\n")
    assert outcome.exit_code == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("domain", "name"),
    [("wiki.example.com", "Wiki"), ("*.example.com", "Example"), ("*-dev.example.com/x", "Dev"), ("a.b/c", "A")],
)
def test_an_application_is_named_after_its_host(domain, name):
    assert default_name(domain) == name


@pytest.mark.parametrize(
    "text", ["yes", "null", "1", "a: b", "a #b", "", " a", "*a", "&a", "é", "a\nb", "'", '"', "@a", "-"]
)
def test_what_yaml_would_read_otherwise_is_quoted(text):
    assert quoted(text).startswith('"')


@pytest.mark.parametrize("text", ["wiki.example.com", "http://10.0.0.1:80", "me@example.com", "Two words"])
def test_plain_text_stays_plain(text):
    assert quoted(text) == text


def test_the_given_secrets_are_in_no_repr():
    fields = dict.fromkeys(questions.Given.__dataclass_fields__, "x") | {
        "client_secret": "hunter2",
        "mail_password": "hunter2",
    }
    assert "hunter2" not in repr(questions.Given(**fields))
