"""``doorward serve``: from the configuration file to two running children."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from doorward import journal
from doorward.edge import envoy
from doorward.errors import DoorwardError
from doorward.settings import Settings, load
from doorward.supervisor.announcement import announcement
from doorward.supervisor.child import Command
from doorward.supervisor.output import Output, OwnLines
from doorward.supervisor.ports import Port, claim
from doorward.supervisor.runtime import runtime_folder
from doorward.supervisor.watch import FAILED, Plan, Supervision

_OPEN_FILES: Final = 1_048_576
_BOOTSTRAP: Final = "envoy.json"
_ENVOY_LINES: Final = {
    "json": '{"timestamp":"%Y-%m-%dT%T.%f%z","level":"%l","event":"%j","logger":"envoy.%n"}',
    "text": "%Y-%m-%dT%T.%f%z %-8l %v",
}


def serve(config: Path) -> int:
    """Run the door until it is told to stop. Returns the exit code.

    0: stopped by SIGTERM or Ctrl-C. 1: it could not start; what is wrong, all of it, is on standard error. 130: a second
    Ctrl-C cut the stopping short.
    """
    try:
        settings = load(config, os.environ)
        path = envoy.binary()
        envoy.version(path)  # refuses one that is too old
        claim(ports(settings))
        with runtime_folder(os.environ) as runtime:
            _write(runtime / _BOOTSTRAP, envoy.bootstrap(runtime))
            return _run(settings, path, runtime)
    except DoorwardError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DoorwardError(f"{file} cannot be written: {error.strerror}. Is the disk full?") from error


def _run(settings: Settings, path: Path, runtime: Path) -> int:
    colour = wants_colour(os.environ, terminal=sys.stderr.isatty())
    output = Output(settings.log.format, colour=colour)
    journal.configure(settings.log.format, settings.log.level, stream=OwnLines("doorward", output), colour=colour)
    _raise_open_files()
    return Supervision(plan(settings, path, runtime, colour=colour), output).run()


def plan(settings: Settings, path: Path, runtime: Path, *, colour: bool) -> Plan:
    """What to run. ``path`` is the Envoy binary's."""
    return Plan(
        control=_control(settings, runtime, colour=colour),
        envoy=_envoy(settings, path, runtime),
        admin=runtime / envoy.ADMIN_SOCKET,
        status=(settings.status.address, settings.status.port),
        ready=lambda: _announce(settings),
    )


def ports(settings: Settings) -> Iterator[Port]:
    """Everything this door will listen on."""
    listen, status = settings.listen, settings.status
    if listen.http is not None:
        yield Port(listen.address, listen.http, "listen.http")
    if listen.https is not None:
        yield Port(listen.address, listen.https, "listen.https")
        if listen.http3:
            yield Port(listen.address, listen.https, "listen.https with http3", "udp")
    yield Port(status.address, status.port, "status.port")


def wants_colour(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Colour on a terminal that can, unless ``NO_COLOR`` is set (no-color.org)."""
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _control(settings: Settings, runtime: Path, *, colour: bool) -> Command:
    return Command(
        "control",
        (sys.executable, "-m", "doorward", "control", "--config", str(settings.path), "--runtime", str(runtime)),
        environment={journal.COLOUR: "1" if colour else "0"},
        leashed=True,
        escape=False,
    )


def _envoy(settings: Settings, path: Path, runtime: Path) -> Command:
    level = {"debug": "info"}.get(settings.log.level, "warning")  # its own "info" is for those who develop it
    line = envoy.command(path, runtime / _BOOTSTRAP, settings.listen.workers, level)
    # Draining means that every connection closes after its request, not one after the other in ten minutes.
    extra = ("--drain-strategy", "immediate", "--log-format", _ENVOY_LINES[settings.log.format])
    return Command(
        "envoy", (*line, *extra), after=runtime / envoy.XDS_SOCKET, leftovers=(runtime / envoy.ADMIN_SOCKET,)
    )


def _announce(settings: Settings) -> None:
    sys.stdout.write(f"{announcement(settings)}\n")
    sys.stdout.flush()


def _raise_open_files() -> None:
    """A proxy needs a descriptor for each connection; the usual limit of 1024 is meant for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
