"""Country of an address, from a MaxMind DB file (GeoLite2 Country or City, DB-IP, IPinfo). Optional."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Final, Protocol, cast

import maxminddb

from doorward.errors import ConfigurationError

_ALPHA_2: Final = 2
_DAMAGED: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RecursionError,
    maxminddb.InvalidDatabaseError,
)
"""What the library raises on a damaged file, depending on the byte; also for an IPv6 address in an IPv4 file."""

Stamp = tuple[int, int, int]
"""What changes when a file does: inode, size, time of change in nanoseconds."""


class Reader(Protocol):
    """What we use of a :class:`maxminddb.Reader`."""

    def get(self, ip_address: IPv4Address | IPv6Address, /) -> Any: ...

    def close(self) -> None: ...


def open_reader(path: Path) -> Reader:
    """Read the whole file into memory: a mapped one would end the process when somebody cuts the file short."""
    return cast("Reader", maxminddb.open_database(path, maxminddb.MODE_MEMORY))


class Countries:
    """Looks up countries in one file and follows it when it is replaced."""

    def __init__(self, path: Path, open_file: Callable[[Path], Reader] = open_reader) -> None:
        """Read the file.

        Raises:
            ConfigurationError: it is missing, unreadable or no MaxMind DB.
        """
        self._path = path
        self._open_file = open_file
        self._tried: Stamp | None = None
        self._reader = self._read()

    def country(self, ip: IPv4Address | IPv6Address | None) -> str | None:
        """ISO 3166-1 alpha-2 code, upper case; None when unknown. An unknown country never matches a rule."""
        if ip is None:
            return None
        address = (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
        try:
            return _code(self._reader.get(address))
        except _DAMAGED:
            return None

    def refresh(self) -> bool:
        """Read the file again if it was replaced; True when it was read. Call it every few seconds, off the event loop.

        Raises:
            ConfigurationError: the new file is no good. The last good one stays in use; the same file is not tried
                again.
        """
        if self._stamp() == self._tried:
            return False
        reader = self._read()
        previous, self._reader = self._reader, reader
        previous.close()
        return True

    def _read(self) -> Reader:
        self._tried = self._stamp()
        try:
            return self._open_file(self._path)
        except (OSError, *_DAMAGED) as error:
            raise ConfigurationError(
                f"The country file {self._path} cannot be used: {error}. It must be a MaxMind DB (.mmdb) with countries"
            ) from error

    def _stamp(self) -> Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def _code(record: object) -> str | None:
    """The code in a record: ``country.iso_code`` (MaxMind, DB-IP) or ``country_code`` (IPinfo)."""
    if not isinstance(record, Mapping):
        return None
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code")
    if isinstance(code, str) and len(code) == _ALPHA_2 and code.isascii() and code.isalpha():
        return code.upper()
    return None
