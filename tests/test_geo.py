from __future__ import annotations

import ipaddress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from doorward.errors import ConfigurationError
from doorward.geo import Countries

# A writer for files small enough to check by hand, after the MaxMind DB format specification 2.0.

Entry = tuple[str, Any]


def _value(value: Any) -> bytes:
    match value:
        case dict():
            return _control(7, len(value)) + b"".join(_value(key) + _value(inner) for key, inner in value.items())
        case list():
            return _control(11, len(value)) + b"".join(_value(inner) for inner in value)
        case str():
            return _control(2, len(value.encode())) + value.encode()
        case int():
            encoded = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return _control(6 if value < 2**32 else 9, len(encoded)) + encoded
    raise TypeError(value)


def _control(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([size, kind - 7]) if kind > 7 else bytes([kind << 5 | size])


def mmdb(*entries: Entry, version: int = 6) -> bytes:
    """A database of these networks; IPv4 ones lie under ::/96 in an IPv6 tree."""
    nodes: list[list[Any]] = [[None, None]]
    data = b""
    for network, record in entries:
        offset, data = len(data), data + _value(record)
        _insert(nodes, _bits(network, version), offset)
    tree = b"".join(_slot(slot, len(nodes)).to_bytes(3, "big") for node in nodes for slot in node)
    metadata = {
        "node_count": len(nodes),
        "record_size": 24,
        "ip_version": version,
        "database_type": "Test-Country",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_800_000_000,
        "description": {"en": "test"},
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _value(metadata)


def _bits(network: str, version: int) -> str:
    parsed = ipaddress.ip_network(network)
    prefix = "0" * 96 if version == 6 and parsed.version == 4 else ""
    return prefix + f"{int(parsed.network_address):0{parsed.max_prefixlen}b}"[: parsed.prefixlen]


def _insert(nodes: list[list[Any]], bits: str, offset: int) -> None:
    at = 0
    for bit in bits[:-1]:
        if nodes[at][int(bit)] is None:
            nodes.append([None, None])
            nodes[at][int(bit)] = ("node", len(nodes) - 1)
        at = nodes[at][int(bit)][1]
    nodes[at][int(bits[-1])] = ("data", offset)


def _slot(slot: Any, count: int) -> int:
    match slot:
        case ("node", number):
            return number
        case ("data", offset):
            return count + 16 + offset
    return count


GERMANY = {"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "AT"}}
FRANCE = {"country": {"iso_code": "FR"}}
ENTRIES = (("203.0.113.0/24", GERMANY), ("2001:db8::/32", FRANCE))


@pytest.fixture
def path(tmp_path) -> Path:
    file = tmp_path / "country.mmdb"
    file.write_bytes(mmdb(*ENTRIES))
    return file


def replace_file(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("203.0.113.7", "DE"),
        ("2001:db8::1", "FR"),
        ("::ffff:203.0.113.7", "DE"),
        ("198.51.100.1", None),
        ("2001:db9::1", None),
        ("127.0.0.1", None),
    ],
)
def test_an_address_has_the_country_of_its_network_or_none(path, address, country):
    assert Countries(path).country(ip_address(address)) == country


def test_no_address_has_no_country(path):
    assert Countries(path).country(None) is None


def test_an_ipv6_address_in_an_ipv4_file_is_unknown(path):
    path.write_bytes(mmdb(("203.0.113.0/24", GERMANY), version=4))
    countries = Countries(path)
    assert countries.country(ip_address("2001:db8::1")) is None
    assert countries.country(ip_address("203.0.113.7")) == "DE"


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country_code": "US"}, "US"),
        ({"country": {"iso_code": "us"}}, "US"),
        ({"country": {}}, None),
        ({"registered_country": {"iso_code": "US"}}, None),
        ({"country": {"iso_code": "USA"}}, None),
        ({"country": {"iso_code": "Ü1"}}, None),
        ({"country": {"iso_code": 12}}, None),
        ("US", None),
        ({}, None),
    ],
)
def test_only_a_two_letter_code_is_a_country(path, record, country):
    path.write_bytes(mmdb(("203.0.113.0/24", record)))
    assert Countries(path).country(ip_address("203.0.113.7")) == country


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a database at all",
        mmdb(*ENTRIES)[:40],
        b"\xab\xcd\xefMaxMind.com",
        mmdb().replace(b"languages", b"lXnguages"),
    ],
    ids=repr,
)
def test_a_file_that_is_no_database_is_a_configuration_error(path, content):
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"country\.mmdb cannot be used.*MaxMind DB"):
        Countries(path)


def test_a_missing_file_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        Countries(tmp_path / "none.mmdb")


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_damaged_data_section_is_unknown_and_never_an_exception(path, cut):
    whole = mmdb(*ENTRIES)
    start = whole.index(b"country") - 4
    path.write_bytes(whole[: start + cut] + b"\xff" + whole[start + cut + 1 :])
    try:
        countries = Countries(path)
    except ConfigurationError:
        return
    assert countries.country(ip_address("203.0.113.7")) in {None, "DE"}


def test_a_replaced_file_is_read_at_the_next_refresh_and_only_then(path):
    countries = Countries(path)
    assert not countries.refresh()
    replace_file(path, mmdb(("203.0.113.0/24", FRANCE)))
    assert countries.country(ip_address("203.0.113.7")) == "DE"
    assert countries.refresh()
    assert countries.country(ip_address("203.0.113.7")) == "FR"
    assert not countries.refresh()


def test_a_bad_new_file_is_reported_once_and_the_good_one_stays(path):
    countries = Countries(path)
    replace_file(path, b"half a download")
    with pytest.raises(ConfigurationError):
        countries.refresh()
    assert not countries.refresh()
    assert countries.country(ip_address("203.0.113.7")) == "DE"
    replace_file(path, mmdb(("203.0.113.0/24", FRANCE)))
    assert countries.refresh()
    assert countries.country(ip_address("203.0.113.7")) == "FR"


def test_a_file_taken_away_is_reported_and_the_good_one_stays(path):
    countries = Countries(path)
    path.unlink()
    with pytest.raises(ConfigurationError):
        countries.refresh()
    assert countries.country(ip_address("203.0.113.7")) == "DE"
