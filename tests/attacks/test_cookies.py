"""Cookies that two readers would read differently, and cookies of somewhere else (group 6, and 78)."""

from __future__ import annotations

import asyncio

import h2.connection
import h2.events
import pytest
from h2.config import H2Configuration
from tests.attacks.wire import ask
from tests.connection import ended
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge

FAST, SLOW, BYPASS = "wiki.localhost", "here.localhost", "open.localhost"


@pytest.fixture
async def tokens(alice):
    await alice.open(SLOW)
    await alice.open("notes.localhost")
    return {host: alice.cookie(host) for host in (FAST, SLOW, "notes.localhost")}


def of_ours(sent):
    """Every way a server could find our cookie in what it was sent: case folded, name decoded, blanks for underscores."""
    found = []
    for header in sent.all("cookie"):
        for part in header.split(";"):
            name, _, value = part.partition("=")
            name = name.strip().lower()
            for code, letter in (
                ("%43", "c"),
                ("%63", "c"),
                ("%46", "f"),
                ("%66", "f"),
                ("%5f", "_"),
                ("%41", "a"),
                ("%61", "a"),
            ):
                name = name.replace(code, letter)
            if name.replace(".", "_").replace(" ", "_").replace("[", "_").replace("-", "_") == "cf_authorization":
                found.append(value.strip().strip('"'))
    return found


SPELLINGS = [
    "CF_Authorization", "cf_authorization", "Cf_AUTHORIZATION", "CF.Authorization", "CF Authorization", "CF[Authorization", "CF%5FAuthorization",
    "%43F_Authorization", "C%46_Authorization", "%63%66_authorization", "CF_%41uthorization", "%43%46%5F%41uthorization", "CF-Authorization",
]  # fmt: skip


@pytest.mark.parametrize("host", [FAST, SLOW, BYPASS])
@pytest.mark.parametrize("order", ["before", "behind"])
@pytest.mark.parametrize("name", SPELLINGS)
async def test_g5_78_no_spelling_gets_a_second_token_to_the_origin(house, tokens, host, name, order):
    target, forged = unseen_path(), f"{name}=forged"
    own = f"CF_Authorization={tokens[host]}" if host in tokens else "a=b"
    cookie = f"{forged}; {own}" if order == "before" else f"{own}; {forged}"
    answer = await ask(house.door.port, host, target, cookie=cookie)
    assert answer.status in {200, 302}
    for sent in house.all_at_origin(target):
        assert set(of_ours(sent)) <= {tokens.get(host)}
        assert "forged" not in str(sent.all("cookie"))
        assert sent.get("cf-access-jwt-assertion") == tokens.get(host)


@pytest.mark.parametrize("host", [FAST, SLOW])
@pytest.mark.parametrize(
    "shape",
    [
        'CF_Authorization="{}"',
        "CF_Authorization= {}",
        "CF_Authorization ={}",
        "\tCF_Authorization={}",
        "a=b;CF_Authorization={} ;",
    ],
)
async def test_g6_85_blanks_and_quotes_around_the_token_change_nothing_about_who_it_is(house, tokens, host, shape):
    target = unseen_path()
    answer = await ask(house.door.port, host, target, cookie=shape.format(tokens[host]))
    assert answer.status in {200, 302}
    for sent in house.all_at_origin(target):
        assert sent.get("cf-access-jwt-assertion") == tokens[host]
        assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"
        assert of_ours(sent) == [tokens[host]]


@pytest.mark.parametrize("host", [FAST, SLOW])
@pytest.mark.parametrize(
    "shape",
    [
        '$Version=1; a="x; CF_Authorization={}; b=y"', 'a="x; CF_Authorization={}; b=y"', '$Version="1"; CF_Authorization={}; $Path="/"',
        '$Version=1;a="x;CF_Authorization={};b=y"', 'b=1; a= "x; CF_Authorization={}; c=d"',
    ],
)  # fmt: skip
async def test_g6_86_a_sandwich_does_not_carry_the_token_into_another_cookie(house, tokens, host, shape):
    """A server that reads RFC 2965 would take the token for a part of ``a``, which a page may show."""
    target = unseen_path()
    answer = await ask(house.door.port, host, target, cookie=shape.format(tokens[host]))
    assert answer.status in {200, 302}
    for sent in house.all_at_origin(target):
        (cookie,) = sent.all("cookie") or [""]
        assert '"' not in cookie
        assert "$" not in cookie


@pytest.mark.parametrize("host", [FAST, SLOW])
@pytest.mark.parametrize(
    "nameless",
    ["=CF_Authorization={}", "=__Host-x=1; =CF_Authorization={}", "CF_Authorization{}", "\u2000CF_Authorization={}"],
)
async def test_g6_85_a_nameless_or_disguised_cookie_is_no_credential(house, tokens, host, nameless):
    target = unseen_path()
    cookie = nameless.format(tokens[host]).encode()
    assert (await ask(house.door.port, host, target, cookie=cookie)).status == 302
    assert not house.reached(target)


@pytest.mark.parametrize("host", [FAST, SLOW, BYPASS])
async def test_bytes_of_an_applications_own_cookie_arrive_as_they_were(house, tokens, host):
    target, own = unseen_path(), "name=M\u00fcller \u2713".encode()
    cookie = own + (f"; CF_Authorization={tokens[host]}".encode() if host in tokens else b"")
    assert (await ask(house.door.port, host, target, cookie=cookie)).status == 200
    assert own in house.at_origin(target).head


@pytest.mark.parametrize("host", [FAST, SLOW])
@pytest.mark.parametrize("cookie", ["CF_Authorization=", "CF_Authorization=x", "CF_Authorization=" + "a" * 30_000, "CF_Authorization=a.b.c", "; " * 200 + "CF_Authorization=a.b.c", "CF_Authorization_1=a; CF_Authorization_2=b; CF_Authorization_1000000000=c"])  # fmt: skip
async def test_g6_87_88_a_malformed_cookie_ends_at_the_login(house, host, cookie):
    target = unseen_path()
    assert (await ask(house.door.port, host, target, cookie=cookie)).status == 302
    assert not house.reached(target)


async def test_g6_87_three_hundred_cookies_end_at_the_login(house):
    target = unseen_path()
    cookie = "; ".join(f"CF_Authorization=a.b.{number}" for number in range(300))
    assert (await ask(house.door.port, FAST, target, cookie=cookie)).status == 302
    assert not house.reached(target)


@pytest.mark.parametrize("host", [SLOW, "notes.localhost", "pin.localhost", "bound.localhost", "x.wild.localhost"])
async def test_g6_91_the_cookie_of_one_application_opens_no_other(house, tokens, host):
    target = unseen_path()
    answer = await ask(house.door.port, host, target, cookie=f"CF_Authorization={tokens[FAST]}")
    assert answer.status == 302
    assert not house.reached(target)


async def test_g5_81_a_token_that_was_just_accepted_is_not_remembered_for_another_application(house, tokens):
    """Envoy caches verified signatures by token. The decision is made for each request and each application."""
    for _ in range(3):
        accepted, refused = unseen_path(), unseen_path()
        cookie = f"CF_Authorization={tokens[FAST]}"
        both = await asyncio.gather(
            ask(house.door.port, FAST, accepted, cookie=cookie),
            ask(house.door.port, "notes.localhost", refused, cookie=cookie),
        )
        assert [answer.status for answer in both] == [200, 302]
        assert not house.reached(refused)


@pytest.mark.parametrize("second", ["CF_Authorization=a.b.c", "%43F_Authorization=x", "CF.Authorization=x"])
async def test_g5_78_cookie_fields_of_http_2_are_one_header_to_everybody(house, tokens, second):
    """A second token in a crumb of its own is seen by whoever decides, and does not arrive."""
    target = unseen_path()
    crumbs = [("cookie", f"CF_Authorization={tokens[FAST]}"), ("cookie", "a=b"), ("cookie", second)]
    status = await http2(
        house.door.port, [(":method", "GET"), (":scheme", "http"), (":authority", FAST), (":path", target), *crumbs]
    )
    assert status in {"200", "302"}
    for sent in house.all_at_origin(target):
        assert set(of_ours(sent)) <= {tokens[FAST]}
        assert sent.get("cf-access-jwt-assertion") == tokens[FAST]


async def test_g6_92_a_stolen_token_is_worth_nothing_without_its_binding_cookie(house, alice):
    await alice.open("bound.localhost")
    token, binding = (alice.cookie("bound.localhost", name) for name in ("CF_Authorization", "CF_Binding"))
    both, alone, wrong = unseen_path(), unseen_path(), unseen_path()
    assert (
        await ask(house.door.port, "bound.localhost", both, cookie=f"CF_Authorization={token}; CF_Binding={binding}")
    ).status == 200
    assert (await ask(house.door.port, "bound.localhost", alone, cookie=f"CF_Authorization={token}")).status == 302
    wrong_one = f"CF_Authorization={token}; CF_Binding={'0' * len(binding)}"
    assert (await ask(house.door.port, "bound.localhost", wrong, cookie=wrong_one)).status == 302
    assert binding.encode() not in house.at_origin(both).head
    assert not house.reached(alone)
    assert not house.reached(wrong)


async def http2(port, headers):
    """``:status`` of one request over HTTP/2 without TLS."""
    protocol = h2.connection.H2Connection(
        H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
    )
    protocol.initiate_connection()
    protocol.send_headers(1, headers, end_stream=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(protocol.data_to_send())
        async with asyncio.timeout(10):
            while data := await reader.read(1 << 16):
                for event in protocol.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        return dict(event.headers)[b":status"].decode()
                writer.write(protocol.data_to_send())
    finally:
        await ended(writer)
    return ""
