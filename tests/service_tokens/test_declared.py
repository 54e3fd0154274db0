from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.service_tokens.build import CLIENT_ID, NEW_SECRET, SECRET, YEAR, token
from tests.tokens.material import NOW

from doorward.errors import ConfigurationError
from doorward.service_tokens import Changes, Declared, ServiceToken, authenticate, reconcile, secret_hash

DAY = timedelta(days=1)


def declared(name: str = "ci", *, secret: str = "", enabled: bool | None = None, **changes) -> Declared:
    hashed = secret_hash(secret) if secret else ""
    made = Declared(f"id-of-{name}", name, timedelta(hours=8760), enabled, CLIENT_ID if secret else "", hashed)
    return replace(made, **changes)


def kept(*tokens: ServiceToken) -> dict[str, ServiceToken]:
    return {each.id: each for each in tokens}


def settled(before: dict[str, ServiceToken], wanted: Declared, now: int = NOW) -> ServiceToken | None:
    """The token after the file was read, which reading it again does not change."""
    changes = reconcile(before, [wanted], now)
    after = before | kept(*changes.written)
    assert not reconcile(after, [wanted], now + 5)
    return after.get(wanted.id)


def test_a_token_with_credentials_in_the_file_is_kept_from_then_on() -> None:
    made = settled({}, declared(secret=SECRET))
    assert made == replace(token(), declared=True)
    forever = settled({}, declared(secret=SECRET, duration=None))
    assert forever is not None
    assert forever.expires_at is None


def test_a_name_alone_makes_nothing_and_leaves_what_a_command_made() -> None:
    assert reconcile({}, [declared()], NOW) == Changes()
    assert reconcile(kept(token()), [declared(duration=DAY)], NOW) == Changes()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_file_says_whether_a_token_is_enabled_if_it_says_so(enabled: bool) -> None:
    for secret in ("", SECRET):
        before = token(enabled=not enabled, declared=bool(secret))
        after = settled(kept(before), declared(secret=secret, enabled=enabled))
        assert after is not None
        assert after.enabled is enabled
        untouched = settled(kept(before), declared(secret=secret))
        assert untouched == before


def test_another_secret_in_the_file_is_a_rotation_without_overlap() -> None:
    before = settled({}, declared(secret=SECRET))
    assert before is not None
    after = settled(kept(before), declared(secret=NEW_SECRET), NOW + 9)
    assert after is not None
    assert after.client_secret_version == 2
    assert not hasattr(authenticate(after, SECRET, NOW + 9), "version")
    assert hasattr(authenticate(after, NEW_SECRET, NOW + 9), "version")


def test_another_duration_counts_from_now() -> None:
    before = settled({}, declared(secret=SECRET))
    assert before is not None
    assert before.expires_at == NOW + YEAR
    after = settled(kept(before), declared(secret=SECRET, duration=DAY), NOW + 9)
    assert after is not None
    assert after.expires_at == NOW + 9 + 86_400


def test_name_and_client_id_follow_the_file() -> None:
    wanted = declared(secret=SECRET, name="robot", client_id="2" * 32 + ".access", id="id-of-ci")
    after = settled(kept(token(declared=True)), wanted)
    assert after is not None
    assert (after.name, after.client_id, after.client_secret_version) == ("robot", "2" * 32 + ".access", 1)


def test_a_token_that_left_the_file_is_deleted_and_those_of_commands_stay() -> None:
    ours, theirs = token(declared=True), token("other", client_id="1" * 32 + ".access")
    assert reconcile(kept(ours, theirs), [], NOW) == Changes(deleted=(ours.id,))


def test_when_only_the_credentials_left_the_file_it_is_the_commands_again() -> None:
    after = settled(kept(token(declared=True)), declared())
    assert after == token()


def test_the_file_may_take_over_what_a_command_made() -> None:
    after = settled(kept(token()), declared(secret=NEW_SECRET))
    assert after is not None
    assert after.declared
    assert after.client_secret_version == 2


@pytest.mark.parametrize("what", ["name", "client id"])
def test_two_tokens_are_never_called_the_same(what: str) -> None:
    other = token(
        "ci" if what == "name" else "other", client_id=CLIENT_ID if what == "client id" else "1" * 32 + ".access"
    )
    with pytest.raises(ConfigurationError, match=f"have the same {what}.*doorward tokens revoke another-id"):
        reconcile(kept(replace(other, id="another-id")), [declared(secret=SECRET)], NOW)
