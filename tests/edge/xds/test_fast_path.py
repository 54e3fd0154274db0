"""Which tokens Envoy takes by itself. Everything else must have been asked about, and must not have reached the origin."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.edge.recording_origin import Reply
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


async def refused(bench: Bench, token: str, *lines: str, host: str = "wiki.test") -> None:
    """The control plane was asked about this cookie and, as it said no, the origin heard nothing."""
    answer = await bench.get("/", host, *lines, cookie=f"CF_Authorization={token}")
    assert answer.status == 403, answer.raw
    assert len(bench.check.requests) == 1
    assert bench.origin.requests == []


async def test_a_valid_token_goes_straight_to_the_origin_with_its_identity(bench):
    token = bench.token()
    answer = await bench.get("/a?b=c", cookie=f"CF_Authorization={token}")
    assert answer.status == 200
    assert bench.check.requests == []
    assert bench.origin.last.target == "/a?b=c"
    assert bench.origin.last.get("cf-access-jwt-assertion") == token
    assert bench.origin.last.get("cf-access-authenticated-user-email") == world.EMAIL
    assert bench.origin.last.get("cookie") == f"CF_Authorization={token}"


async def test_a_token_of_the_largest_size_is_taken(bench):
    padding = "x" * ((8192 - len(bench.token(custom={"a": ""}))) * 3 // 4 - 4)
    token = bench.token(custom={"a": padding})
    assert 8100 < len(token) <= 8192
    await bench.get(cookie=f"CF_Authorization={token}")
    assert bench.check.requests == []
    assert bench.origin.last.get("cf-access-jwt-assertion") == token


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": None}, id="without exp"),
        pytest.param({"nonce": None}, id="without nonce"),
        pytest.param({"email": None}, id="without email"),
        pytest.param({"email": ""}, id="empty email"),
        pytest.param({"email": "ann"}, id="email without at"),
        pytest.param({"email": ["ann@example.com"]}, id="email as list"),
        pytest.param({"iat": None}, id="without iat"),
        pytest.param({"iat": "1790000000"}, id="iat as text"),
        pytest.param({"type": None}, id="without type"),
        pytest.param({"type": "org"}, id="org token"),
        pytest.param({"type": "meta"}, id="meta token"),
        pytest.param({"type": ["app"]}, id="type as list"),
        pytest.param({"type": "APP"}, id="type in capitals"),
    ],
)
async def test_g5_70_71_a_token_that_lacks_a_claim_or_is_of_another_type_is_not_taken(bench, changes):
    await refused(bench, bench.token(**changes))


@pytest.mark.parametrize(
    "audience",
    [
        pytest.param(None, id="missing"),
        pytest.param([world.aud(world.ADMIN)], id="another application's"),
        pytest.param(world.aud(world.WIKI), id="text, not a list"),
        pytest.param([world.aud(world.WIKI)[:-1]], id="prefix"),
        pytest.param([world.aud(world.WIKI) + "0"], id="longer"),
        pytest.param([1], id="number"),
        pytest.param([], id="empty"),
        pytest.param([[world.aud(world.WIKI)]], id="nested"),
    ],
)
async def test_g5_68_only_an_exact_audience_in_a_list_is_taken(bench, audience):
    await refused(bench, bench.token(aud=audience))


@pytest.mark.parametrize(
    "issuer", ["http://other.test:8080", world.ISSUER + "/", world.ISSUER.upper(), "", None, "http://team.test"]
)
async def test_g5_69_another_issuer_is_not_taken(bench, issuer):
    await refused(bench, bench.token(iss=issuer))


async def test_g5_71_an_expired_token_is_not_taken(bench):
    await refused(bench, bench.token(exp=int(time.time()) - 2))


async def test_g5_71_a_token_is_over_two_seconds_after_its_expiry_though_it_was_cached(bench):
    expiry = int(time.time()) + 1
    token = bench.token(exp=expiry)
    await bench.get(cookie=f"CF_Authorization={token}")
    assert len(bench.origin.requests) == 1
    await asyncio.sleep(expiry + 2.1 - time.time())
    bench.clear()
    await refused(bench, token)


@pytest.mark.parametrize("expiry", [0, -1, "4000000000", 1e300, None, [4_000_000_000]])
async def test_g5_71_an_expiry_that_is_no_sane_number_is_not_taken(bench, expiry):
    token = bench.token(exp=expiry)
    answer = await bench.get(cookie=f"CF_Authorization={token}")
    assert answer.status == 403
    assert bench.origin.requests == []


async def test_g5_71_a_token_from_the_future_is_not_taken(bench):
    await refused(bench, bench.token(nbf=int(time.time()) + 120))


@pytest.mark.parametrize("spelling", ["none", "None", "nOnE", "NONE", "", None])
@pytest.mark.parametrize("signed", [True, False])
async def test_g5_59_alg_none_is_not_taken_in_any_spelling(bench, spelling, signed):
    token = world.token(world.claims(world.WIKI, bench.now), alg=spelling)
    await refused(bench, token if signed else token.rpartition(".")[0] + ".")


def public_key_encodings() -> list[bytes]:
    public = world.private_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        pem,
        pem.strip(),
        pem.replace(b"\n", b"\r\n"),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        b"",
    ]


@pytest.mark.parametrize("number", range(7))
async def test_g5_60_hs256_with_the_public_key_is_not_taken(bench, number):
    head = {"alg": "HS256", "kid": world.signing_key().kid, "typ": "JWT"}
    parts = ".".join(world.encode(json.dumps(p).encode()) for p in (head, world.claims(world.WIKI, bench.now)))
    mac = hmac.new(public_key_encodings()[number], parts.encode(), hashlib.sha256).digest()
    await refused(bench, f"{parts}.{world.encode(mac)}")


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256"])
async def test_g5_62_another_algorithm_than_the_key_s_is_not_taken(bench, algorithm):
    await refused(bench, world.token(world.claims(world.WIKI, bench.now), alg=algorithm))


@pytest.mark.parametrize("kid", [None, "", "../../dev/null", world.signing_key().kid])
async def test_g5_64_65_another_key_is_not_taken_whatever_it_is_called(bench, kid):
    header = {} if kid is None else {"kid": kid}
    await refused(bench, world.token(world.claims(world.WIKI, bench.now), key="foreign", **header))


@pytest.mark.parametrize("change", ["padding", "another signature", "cut", "payload", "four parts", "newline"])
async def test_g5_72_75_a_changed_token_is_not_taken(bench, change):
    head, payload, signature = bench.token().split(".")
    other = bench.token(world.ADMIN).split(".")
    changed = {
        "padding": f"{head}.{payload}.{signature}=",
        "another signature": f"{head}.{payload}.{other[2]}",
        "cut": f"{head}.{payload}.{signature[:-4]}",
        "payload": f"{head}.{other[1]}.{signature}",
        "four parts": f"{head}.{payload}.{signature}.{signature}",
        "newline": f"{head}.{payload}.{signature}\t",
    }[change]
    answer = await bench.get(cookie=f"CF_Authorization={changed}")
    if answer.status == 200:  # taken as the same token: then it must be the very one that was verified
        assert bench.origin.last.get("cf-access-jwt-assertion") == f"{head}.{payload}.{signature}", change
    else:
        assert bench.origin.requests == []


async def test_a_token_is_only_good_for_the_application_it_was_made_for(bench):
    token = f"CF_Authorization={bench.token(world.WIKI)}"
    assert (await bench.get("/admin/users", cookie=token)).status == 403
    assert (await bench.get("/admin", cookie=token)).status == 403
    assert (await bench.get("/", "x.wild.test", cookie=token)).status == 403
    assert bench.origin.requests == []
    assert (await bench.get("/administrators", cookie=token)).status == 200
    assert (await bench.get("/admin", cookie=f"CF_Authorization={bench.token(world.ADMIN)}")).status == 200


@pytest.mark.parametrize(
    "line",
    [
        "authorization: Bearer {}",
        "cf-access-token: {}",
        "cf-access-jwt-assertion: {}",
        "x-doorward-assertion: {}",
        "x-doorward-token: {}",
    ],
)
async def test_a_token_elsewhere_than_in_the_cookie_is_for_the_control_plane(bench, line):
    answer = await bench.get("/", "wiki.test", line.format(bench.token()))
    assert answer.status == 403
    assert len(bench.check.requests) == 1
    assert bench.origin.requests == []


async def test_a_token_in_the_query_is_for_the_control_plane(bench):
    assert (await bench.get(f"/?access_token={bench.token()}&CF_Authorization={bench.token()}")).status == 403
    assert bench.origin.requests == []


MIXES = {
    "same cookie twice": ("CF_Authorization={good}; CF_Authorization={good}",),
    "bad cookie after": ("CF_Authorization={good}; CF_Authorization={bad}",),
    "bad cookie before": ("CF_Authorization={bad}; CF_Authorization={good}",),
    "two cookie lines": ("CF_Authorization={good}", "CF_Authorization={bad}"),
    "two cookie lines, bad first": ("CF_Authorization={bad}", "CF_Authorization={good}"),
    "lower case": ("CF_Authorization={good}; cf_authorization={bad}",),
    "dot": ("CF.Authorization={bad}; CF_Authorization={good}",),
    "blank": ("CF Authorization={bad}; CF_Authorization={good}",),
    "bracket": ("CF_Authorization={good}; CF[Authorization={bad}",),
    "encoded underscore": ("CF_Authorization={good}; CF%5fAuthorization={bad}",),
    "encoded letter": ("CF_Authorization={good}; C%46_Authorization={bad}",),
    "encoded letters": ("CF_Authorization={good}; %63%66%5F%61uthoriz%41tion={bad}",),
    "behind a comma": ("CF_Authorization={good}, CF_Authorization={bad}",),
    "behind bytes that are not UTF-8": ("CF_Authorization={good}; x=\xff\xfe; CF_Authorization={bad}",),
    "in front of bytes that are not UTF-8": ("CF_Authorization={bad}; x=\xff; CF_Authorization={good}",),
    "in another cookie's value": ("CF_Authorization={good}; x=CF_Authorization={bad}",),
    "quoted": ('a="; CF_Authorization={good}; b="; CF_Authorization={bad}',),
    "RFC 2965": ('$Version=1; a="x; CF_Authorization={good}; b=y"',),
    "quoted across": ('a="x; CF_Authorization={good}; b=y"',),
    "no name": ("={bad}; CF_Authorization={good}; CF_Authorization",),
}


@pytest.mark.parametrize("mix", MIXES)
async def test_g5_78_two_tokens_in_cookies_are_for_the_control_plane(bench, mix):
    good, bad = bench.token(), bench.token(email="eve@example.com", nonce="cd" * 32)
    bench.check.reply = lambda _: Reply(200, [("cf-access-jwt-assertion", "checked"), ("cookie", "a=1")])
    cookies = [f"cookie: {line.format(good=good, bad=bad)}" for line in MIXES[mix]]
    answer = await bench.get("/", "wiki.test", *cookies)
    assert answer.status == 200
    assert len(bench.check.requests) == 1
    assert bench.origin.last.get("cf-access-jwt-assertion") == "checked"
    assert bench.origin.last.get("cookie") == "a=1"
    assert bench.origin.last.get("cf-access-authenticated-user-email") is None


@pytest.mark.parametrize("name", ["cf-access-token", "cf-access-jwt-assertion", "cf-access-client-id", "cf-access-client-secret", "cf-access-metadata-request"])  # fmt: skip
@pytest.mark.parametrize("value", ["other", "same", "", "twice"])
async def test_g5_78_a_cookie_beside_another_credential_is_for_the_control_plane(bench, name, value):
    token = bench.token()
    values = {"other": ["x"], "same": [token], "": [""], "twice": ["x", token]}[value]
    bench.check.reply = lambda _: Reply(200, [("cf-access-jwt-assertion", "checked")])
    lines = [f"{name}: {text}" for text in values]
    answer = await bench.get("/", "wiki.test", *lines, cookie=f"CF_Authorization={token}")
    assert answer.status == 200
    if bench.check.requests:
        assert bench.origin.last.get("cf-access-jwt-assertion") == "checked"
    else:  # an empty header is no credential; then the cookie's token counts and nothing else is seen
        assert value == ""
        assert bench.origin.last.get("cf-access-jwt-assertion") == token
    assert bench.origin.last.all("cf-access-token") == []
    assert bench.origin.last.all("cf-access-client-id") == []
    assert bench.origin.last.all("cf-access-client-secret") == []
    assert bench.origin.last.all("cf-access-metadata-request") == []


async def test_the_token_that_was_verified_is_the_one_the_origin_gets_when_the_value_is_quoted(bench):
    token = bench.token()
    answer = await bench.get(cookie=f'CF_Authorization="{token}"')
    if answer.status == 200:
        assert bench.origin.last.get("cf-access-jwt-assertion") == token
    else:
        assert bench.origin.requests == []


async def test_other_cookies_do_not_matter_to_the_fast_path(bench):
    token = bench.token()
    cookie = f"theme=dark; CF_AppSession=n0123456789abcdef; CF_Authorization={token}; last=%43%46"
    assert (await bench.get(cookie=cookie)).status == 200
    assert bench.check.requests == []
    assert bench.origin.last.get("cookie") == cookie


async def test_an_application_whose_rules_look_at_the_address_is_always_asked_about(bench):
    await refused(bench, bench.token(world.STRICT), host="strict.test")


async def test_g5_72_another_spelling_of_the_same_signature_is_the_same_token_with_the_same_nonce(bench):
    """The spare bits of the last base64 character are not looked at: revocation therefore names the nonce claim."""
    head, payload, signature = bench.token().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    assert base64.urlsafe_b64decode(other + "==") == base64.urlsafe_b64decode(signature + "==")
    answer = await bench.get(cookie=f"CF_Authorization={head}.{payload}.{other}")
    assert answer.status == 200
    assert bench.origin.last.get("cf-access-jwt-assertion") == f"{head}.{payload}.{other}"
