from __future__ import annotations

from tests.sessions.build import identity, organization, session
from tests.tokens.material import ACCOUNT, NOW

from doorward.identity import Group
from doorward.sessions.question import question_claims
from doorward.tokens.jwt import QUESTION


def test_a_question_says_who_it_is_in_the_words_of_get_identity() -> None:
    who = session(identity=identity(groups=(Group(id="1", name="Staff"), Group(id="2", name="Ops", email="o@x.org"))))
    claims = question_claims(who, organization(), "https://a.test/ask", NOW, "nonce")
    assert claims["identity"]["email"] == "ada@example.com"
    assert claims["identity"]["groups"] == [
        {"id": "1", "name": "Staff"},
        {"id": "2", "name": "Ops", "email": "o@x.org"},
    ]
    assert claims["identity"]["idp"] == {"id": "idp-1", "type": "oidc"}
    assert (claims["identity"]["user_uuid"], claims["identity"]["account_id"]) == (who.user_id, ACCOUNT)


def test_it_is_for_one_service_and_one_minute() -> None:
    claims = question_claims(session(), organization(), "https://a.test/ask", NOW, "nonce")
    assert (claims["iss"], claims["aud"]) == ("https://login.example.com", ["https://a.test/ask"])
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (NOW, NOW, NOW + 60)
    assert (claims["type"], claims["nonce"]) == (QUESTION, "nonce")
