from __future__ import annotations

import base64
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.providers.scripted import CLIENT, DISCOVERY, ISSUER, REDIRECT, SECRET, VERIFIER, attempt, config

from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc import messages
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.endpoints import endpoints
from doorward.providers.outbound import Reply

WHERE = endpoints(config(), None)


def parameters(url):
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_the_browser_is_sent_with_everything_that_binds_the_answer_to_this_attempt():
    url = messages.authorization_url(config(), WHERE, attempt(), REDIRECT)
    assert url.startswith(f"{ISSUER}/authorize?")
    assert parameters(url) == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "scope": "openid email profile",
        "state": "state-of-this-attempt",
        "nonce": "nonce-of-this-attempt",
        "code_challenge": messages.code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }


def test_the_challenge_is_that_of_the_rfc():
    # RFC 7636, appendix B
    assert (
        messages.code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize("verifier", ["", "short", "v" * 42, "v" * 129, "v" * 42 + "+", "v" * 43 + "\n"])
def test_g7_102_a_missing_or_weak_verifier_is_never_sent(verifier):
    with pytest.raises(ValueError, match="43 to 128"):
        messages.authorization_url(config(), WHERE, attempt(code_verifier=verifier), REDIRECT)


def test_g7_102_pkce_is_s256_or_switched_off_by_the_operator():
    off = config(pkce_enabled=False)
    assert (
        not {"code_challenge", "code_challenge_method"}
        & parameters(messages.authorization_url(off, WHERE, attempt(), REDIRECT)).keys()
    )
    assert b"code_verifier" not in messages.token_request(off, WHERE, attempt(), REDIRECT, "c").body
    assert (
        f"code_verifier={VERIFIER}".encode() in messages.token_request(config(), WHERE, attempt(), REDIRECT, "c").body
    )


def test_the_providers_own_parameters_stay():
    where = endpoints(config(auth_url=f"{ISSUER}/authorize?p=policy"), None)
    assert parameters(messages.authorization_url(config(), where, attempt(), REDIRECT))["p"] == "policy"


def test_a_prompt_is_sent_when_configured_or_asked_for():
    assert "prompt" not in parameters(messages.authorization_url(config(), WHERE, attempt(), REDIRECT))
    chosen = config(prompt="select_account")
    assert parameters(messages.authorization_url(chosen, WHERE, attempt(), REDIRECT))["prompt"] == "select_account"
    assert parameters(messages.authorization_url(chosen, WHERE, attempt(), REDIRECT, "login"))["prompt"] == "login"


def test_a_good_callback_gives_the_code():
    answer = {"state": "state-of-this-attempt", "code": "the-code", "iss": ISSUER, "session_state": "x"}
    assert messages.read_callback(answer, attempt(), WHERE) == "the-code"


@pytest.mark.parametrize(
    "state", [None, "", "state-of-another", "state-of-this-attempt ", "STATE-OF-THIS-ATTEMPT", "é"]
)
def test_g7_98_an_answer_with_another_state_is_refused(state):
    answer = {"code": "c"} if state is None else {"code": "c", "state": state}
    with pytest.raises(Failure, match="state") as refused:
        messages.read_callback(answer, attempt(), WHERE)
    assert refused.value.reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize("iss", ["https://evil.test", "", f"{ISSUER}.evil.test", "http://idp.test"])
def test_g7_98_an_answer_of_another_provider_is_refused(iss):
    for rest in ({"code": "c"}, {"error": "access_denied"}):
        with pytest.raises(Failure, match="another provider") as refused:
            messages.read_callback({"state": "state-of-this-attempt", "iss": iss, **rest}, attempt(), WHERE)
        assert refused.value.reason is Reason.INVALID_ANSWER


def test_g7_98_iss_must_be_there_if_the_provider_promised_it():
    own = OidcConfig(issuer=ISSUER, client_id="c", client_secret="s")
    promised = endpoints(own, {**DISCOVERY, "authorization_response_iss_parameter_supported": True})
    answer = {"state": "state-of-this-attempt", "code": "c"}
    with pytest.raises(Failure, match="RFC 9207"):
        messages.read_callback(answer, attempt(), promised)
    assert messages.read_callback({**answer, "iss": ISSUER}, attempt(), promised) == "c"
    assert messages.read_callback(answer, attempt(), endpoints(own, DISCOVERY)) == "c"


@pytest.mark.parametrize("code", [None, "", "c" * 4097, "a\nb", "a\x00"])
def test_an_answer_without_a_usable_code_is_refused(code):
    answer = {"state": "state-of-this-attempt"} | ({} if code is None else {"code": code})
    with pytest.raises(Failure, match="no usable code"):
        messages.read_callback(answer, attempt(), WHERE)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", Reason.REFUSED),
        ("login_required", Reason.REFUSED),
        ("made_up", Reason.REFUSED),
        ("", Reason.REFUSED),
        ("temporarily_unavailable", Reason.UNAVAILABLE),
        ("server_error", Reason.UNAVAILABLE),
        ("invalid_scope", Reason.CONFIGURATION),
        ("unauthorized_client", Reason.CONFIGURATION),
    ],
)
def test_an_error_of_the_provider_is_reported_and_the_code_beside_it_ignored(error, reason):
    answer = {"state": "state-of-this-attempt", "error": error, "error_description": "You may not", "code": "c"}
    with pytest.raises(Failure) as refused:
        messages.read_callback(answer, attempt(), WHERE)
    assert (refused.value.reason, refused.value.said) == (reason, "You may not")


def test_the_secret_is_posted():
    call = messages.token_request(config(), WHERE, attempt(), REDIRECT, "the-code")
    assert (call.method, call.url) == ("POST", f"{ISSUER}/token")
    assert dict(parse_qsl(call.body.decode(), strict_parsing=True)) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    assert "authorization" not in dict(call.headers)


def test_the_secret_is_in_the_header_form_encoded():
    own = config(token_endpoint_auth_method="client_secret_basic", client_id="a:b")
    call = messages.token_request(own, endpoints(own, None), attempt(), REDIRECT, "c")
    encoded = dict(call.headers)["authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded) == b"a%3Ab:our+secret%3A+%25%2B%26"
    assert b"client_secret" not in call.body


def test_a_public_client_sends_its_name_and_the_verifier():
    own = OidcConfig(issuer=ISSUER, client_id=CLIENT)
    call = messages.token_request(own, endpoints(own, DISCOVERY), attempt(), REDIRECT, "c")
    form = dict(parse_qsl(call.body.decode()))
    assert (form["client_id"], form["code_verifier"]) == (CLIENT, VERIFIER)
    assert "client_secret" not in form


def test_secrets_are_not_in_the_repr():
    call = messages.token_request(config(), WHERE, attempt(), REDIRECT, "the-code")
    assert "the-code" not in repr(call)
    assert "secret" not in repr(messages.read_tokens(Reply(200, {"id_token": "secret1", "access_token": "secret2"})))


@pytest.mark.parametrize(
    ("status", "document", "reason"),
    [
        (400, {"error": "invalid_grant", "error_description": "code abc was used"}, Reason.REFUSED),
        (401, {"error": "invalid_client"}, Reason.CONFIGURATION),
        (400, {"error": "temporarily_unavailable"}, Reason.UNAVAILABLE),
        (400, {}, Reason.REFUSED),
        (200, {"error": "access_denied", "id_token": "x"}, Reason.REFUSED),
        (200, {"error": 7}, Reason.REFUSED),
        (403, {"id_token": "x", "access_token": "y"}, Reason.REFUSED),
        (200, {}, Reason.INVALID_ANSWER),
        (200, {"id_token": ""}, Reason.INVALID_ANSWER),
        (200, {"id_token": ["x"]}, Reason.INVALID_ANSWER),
        (200, {"id_token": "x", "access_token": 7}, Reason.INVALID_ANSWER),
        (200, {"id_token": "x", "access_token": "a b"}, Reason.INVALID_ANSWER),
        (200, {"id_token": "x", "access_token": "a\r\nx-evil: 1"}, Reason.INVALID_ANSWER),
    ],
)
def test_a_token_answer_that_is_not_one_is_refused(status, document, reason):
    with pytest.raises(Failure) as refused:
        messages.read_tokens(Reply(status, document))
    assert refused.value.reason is reason
    assert "abc" not in refused.value.detail + refused.value.said


def test_an_access_token_is_optional():
    assert messages.read_tokens(Reply(200, {"id_token": "x"})).access_token == ""


@pytest.mark.parametrize("sub", [None, "", "user-2", "USER-1", 1, ["user-1"]])
def test_g7_101_userinfo_about_somebody_else_is_refused(sub):
    with pytest.raises(Failure, match="sub") as refused:
        messages.read_userinfo(Reply(200, {"sub": sub, "email": "bob@example.test"}), "user-1")
    assert refused.value.reason is Reason.INVALID_ANSWER


def test_userinfo_about_the_same_person_is_taken():
    assert messages.read_userinfo(Reply(200, {"sub": "user-1", "a": 1}), "user-1") == {"sub": "user-1", "a": 1}
    with pytest.raises(Failure, match="status 401"):
        messages.read_userinfo(Reply(401, {"sub": "user-1"}), "user-1")
    assert messages.userinfo_request(f"{ISSUER}/me", "at").headers == (("authorization", "Bearer at"),)
