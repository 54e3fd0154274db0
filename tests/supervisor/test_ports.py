from __future__ import annotations

import errno
import socket
import threading
import time

import pytest

from doorward.supervisor import ports
from doorward.supervisor.ports import Port, PortUnavailableError, claim


def listening(kind=socket.SOCK_STREAM, *, shared=False):
    server = socket.socket(socket.AF_INET, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Envoy does
    if shared:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        server.listen()
    return server


def port_of(server, protocol="tcp"):
    return Port("127.0.0.1", server.getsockname()[1], "listen.http", protocol)


def test_a_free_port_is_claimed_and_stays_free():
    with listening() as server:
        port = port_of(server)
    claim([port])
    claim([port])


@pytest.mark.parametrize("shared", [False, True])
def test_a_busy_port_is_named_with_its_field_even_when_its_owner_would_share_it(shared):
    with listening(shared=shared) as server:
        port = port_of(server)
        with pytest.raises(PortUnavailableError) as refused:
            claim([port], patience=0)
    assert f"TCP port {port.number} on 127.0.0.1 (listen.http) is in use by another program" in str(refused.value)


def test_a_busy_udp_port_is_found():
    with listening(socket.SOCK_DGRAM) as server, pytest.raises(PortUnavailableError, match="UDP port"):
        claim([port_of(server, "udp")], patience=0)


def test_all_busy_ports_are_reported_at_once():
    with listening() as one, listening() as two, pytest.raises(PortUnavailableError) as refused:
        claim([port_of(one), port_of(two)], patience=0)
    assert len(str(refused.value).splitlines()) == 2


def test_a_port_that_is_just_being_given_up_is_waited_for():
    server = listening()
    port = port_of(server)
    threading.Timer(0.3, server.close).start()
    claim([port], patience=5)


def test_lingering_connections_of_an_earlier_door_do_not_count():
    server = listening()
    port = port_of(server)
    client = socket.create_connection(server.getsockname())
    accepted, _peer = server.accept()
    accepted.close()  # the server closes first, so the pair lingers on its side
    client.close()
    server.close()
    time.sleep(0.05)
    claim([port], patience=0)


def test_an_address_this_machine_does_not_have_is_explained():
    with pytest.raises(PortUnavailableError, match="this machine has no such address"):
        claim([Port("192.0.2.1", 8080, "listen.http")], patience=0)


def test_a_port_that_needs_a_privilege_is_explained():
    sentence = ports._sentence(Port("0.0.0.0", 443, "listen.https"), OSError(errno.EACCES, "Permission denied"))
    assert "CAP_NET_BIND_SERVICE" in sentence
