"""The configuration file: read once, checked whole, frozen.

``load`` gives :class:`Settings` or raises :class:`InvalidConfiguration` with every mistake at once. Declared objects
refer to each other by name; the store keeps an id for each name (``names``), and ``resolve`` puts the ids in.
"""

from doorward.settings.fingerprints import fingerprint
from doorward.settings.load import load
from doorward.settings.problems import InvalidConfiguration, Problem, Severity
from doorward.settings.resolution import ObjectIdLike, Resolved, names, resolve
from doorward.settings.values import (
    ClientAddress,
    Listen,
    LocalTls,
    Log,
    Mail,
    Settings,
    StatusListen,
    TlsFiles,
)

__all__ = [
    "ClientAddress",
    "InvalidConfiguration",
    "Listen",
    "LocalTls",
    "Log",
    "Mail",
    "ObjectIdLike",
    "Problem",
    "Resolved",
    "Settings",
    "Severity",
    "StatusListen",
    "TlsFiles",
    "fingerprint",
    "load",
    "names",
    "resolve",
]
