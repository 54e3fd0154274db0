"""nginx: the application behind all proxies, the same as a contestant, and nginx as a plain proxy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from benchmarks.contestants.contestant import Contestant, World, prove
from benchmarks.packages import need
from benchmarks.processes import Running, Stage, free_port, listens

BODY: Final = "The application behind the door answers with these few words, as small as answers come.\n"
SEEN: Final = "/seen"
"""Answers with the identity headers that arrived: token, blank, e-mail."""

_ORIGIN: Final = f"""
        default_type text/plain;
        location / {{ return 200 "{BODY.strip()}\\n"; }}
        location = {SEEN} {{ return 200 "$http_cf_access_jwt_assertion $http_cf_access_authenticated_user_email"; }}
"""
_PROXY: Final = """
        location / {
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }
"""


def origin(stage: Stage, name: str = "origin", *, load: bool = True) -> tuple[int, Running]:
    """Start the application; its port and process."""
    port = free_port()
    return port, _start(stage, name, port, "", _ORIGIN, load=load)


def bare(world: World) -> Contestant:
    """The application on the proxy's core, without a proxy."""
    port, running = origin(world.stage, "origin-alone", load=False)
    work = "answers by itself; what is left when there is no proxy at all"
    contestant = Contestant("origin", "origin, no proxy (nginx)", work, port, {"nginx": running.pid}, own_origin=True)
    return prove(contestant, 200, body=BODY)


def proxy(world: World) -> Contestant:
    """Forwards everything."""
    port = free_port()
    upstream = (
        f"upstream application {{ server 127.0.0.1:{world.origin}; keepalive 256; keepalive_requests 1000000000; }}"
    )
    running = _start(world.stage, "nginx-proxy", port, upstream, _PROXY)
    contestant = Contestant("nginx", "nginx, proxy only", "forwards, checks nothing", port, {"nginx": running.pid})
    return prove(contestant, 200, body=BODY)


def _start(stage: Stage, name: str, port: int, upstream: str, server: str, *, load: bool = False) -> Running:
    program, folder = need("nginx"), stage.folder / name
    folder.mkdir()
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(folder, port, upstream, server), encoding="ascii")
    running = stage.start(name, [program, "-p", folder, "-c", configuration], load=load)
    running.wait(lambda: listens(port))
    return running


def _configuration(folder: Path, port: int, upstream: str, server: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    scratch = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
{scratch}
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
{server}
    }}
}}
"""
