"""Apache with mod_auth_openidc: the session is kept in the server's memory, the cookie is its name."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Final

from benchmarks import logins
from benchmarks.contestants.contestant import Contestant, World, prove
from benchmarks.contestants.nginx import BODY
from benchmarks.packages import APACHE_MODULES, need
from benchmarks.processes import free_port, listens
from benchmarks.provider import CLIENT_ID, CLIENT_SECRET
from benchmarks.visitor import Visitor

_MODULES: Final = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc")
_SESSION: Final = "mod_auth_openidc_session"


def openidc(world: World) -> Contestant:
    """A request of somebody who is signed in."""
    program, _module, port = need("apache2"), need("mod_auth_openidc"), free_port()
    folder = world.stage.folder / "apache"
    folder.mkdir()
    file = folder / "apache.conf"
    file.write_text(_configuration(world, folder, port), encoding="ascii")
    running = world.stage.start("apache", [program, "-DFOREGROUND", "-f", file])
    running.wait(lambda: listens(port))
    contestant = Contestant(
        "apache",
        "Apache mod_auth_openidc",
        "looks the session up in shared memory by its cookie; claims as headers to the origin",
        port,
        {"Apache": running.pid},
        headers=(("Cookie", f"{_SESSION}={asyncio.run(_session(port))}"),),
    )
    return prove(contestant, 200, without=302, body=BODY)


async def _session(port: int) -> str:
    visitor, authority = Visitor(), f"127.0.0.1:{port}"
    try:
        await logins.log_in(visitor, f"http://{authority}/")
        return visitor.cookie(authority, _SESSION)
    finally:
        visitor.close()


def _configuration(world: World, folder: Path, port: int) -> str:
    """One process with enough threads for every connection, so that one core is what it is given."""
    load = "\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in _MODULES)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    return f"""
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog /dev/stderr
LogLevel warn
{load}
{user}
ServerLimit 1
StartServers 1
ThreadsPerChild 128
ThreadLimit 128
MaxRequestWorkers 128
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 300
ProxyPass / http://127.0.0.1:{world.origin}/
ProxyPreserveHost On
OIDCProviderMetadataURL http://127.0.0.1:{world.provider}/.well-known/openid-configuration
OIDCClientID {CLIENT_ID}
OIDCClientSecret {CLIENT_SECRET}
OIDCRedirectURI http://127.0.0.1:{port}/signed-in
OIDCCryptoPassphrase {secrets.token_hex(16)}
OIDCSessionType server-cache
OIDCCacheType shm
OIDCScope "openid email profile"
OIDCRemoteUserClaim email
<Location />
    AuthType openid-connect
    Require valid-user
</Location>
"""
