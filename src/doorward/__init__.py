"""Doorward keeps the door: a self-hosted identity-aware access proxy, wire-compatible with Cloudflare Access.

The map, from the outside in. Each line may import what stands below it, never what stands above::

    __main__        python -m doorward
    cli             serve · init · check · keys · explain
    supervisor      the two children of ``doorward serve``: the control plane and Envoy
    app             composition root of the control plane: settings in, running services out

    edge            where Envoy meets us: its configuration (xds), its questions (check), status
    login           the team domain and /cdn-cgi/access on application domains: log in, hand over, log out
    services        what edge and login are given

    store           the database: sessions, logins under way, signing keys, decisions
    providers       OpenID Connect and one-time PINs by mail
    pages           what a visitor sees
    audit           decisions and logins, written down
    settings        the configuration file, checked whole, frozen
    geo             country of an address
    journal         the log

    access          core: the decision for one request
    sessions        core: how long a login holds, cookies
    signin          core: what is remembered while somebody signs in
    applications    core: what is protected, and which one a request is for
    organization    core: the organization, its providers and origins
    tokens          core: claims, minting, verifying, the key ring
    policy          core: may this person enter
    identity        core: who somebody is
    durations       core: 24h, 30m

    errors          the exceptions, free for all

The core takes values and gives values: no clock, no randomness, no network.
"""

__version__ = "0.1.0"
