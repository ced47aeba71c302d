"""The relay of datagrams tested, with OpenSSL behind and the test resolver before it."""

import socket

import dns.message
import pytest
import udp_relay
from dtls_client import DtlsClient
from testserver import TIMEOUT, TestServer, expected_a, wait_for
from udp_relay import UdpRelay

SOON = 0.2


@pytest.fixture(scope="module")
def shared(certs):
    with TestServer(both=1, certs=certs) as server:
        yield server


@pytest.fixture
def relay(shared):
    with UdpRelay(shared.dtls[0], tcp=shared.tls[0]) as relay:
        yield relay


@pytest.fixture
def client(shared, relay):
    with DtlsClient(relay.address, shared.ca) as client:
        yield client


def query(name):
    return dns.message.make_query(name, "A", use_edns=0)


def check(client, name):
    answer = dns.message.from_wire(client.ask_wire(query(name).to_wire()))
    assert [rr.address for rrset in answer.answer for rr in rrset] == [expected_a(name)]


def test_carries(relay, client):
    check(client, "a.test")
    assert relay.counts["there"] >= 4 and relay.counts["back"] >= 4
    assert not relay.counts["lost"] and relay.memory and relay.sent


def test_tcp_beside(relay):
    with socket.create_connection(relay.address, timeout=10):
        wait_for(lambda: len(relay.tcp._begun) == 1)


def test_faults(relay, client):
    relay.fault("back", dup=1, types=udp_relay.DATA)
    check(client, "a.test")
    wait_for(lambda: relay.counts["doubled"] == 1, what="the copy to be counted")
    relay.fault("back", mtu=60)
    client.send(query("b.test").to_wire())
    assert client.receive(SOON) is None
    wait_for(lambda: relay.counts["lost"] == 1, what="the loss to be counted")
    relay.hold = TIMEOUT  # c waits for d, however long that takes
    relay.fault("back", reorder=1)
    for name in ("c.test", "d.test"):
        client.send(query(name).to_wire())
    got = [dns.message.from_wire(client.receive()).question[0].name.to_text() for _ in range(2)]
    assert got == ["d.test.", "c.test."]
    relay.silence()
    client.send(query("e.test").to_wire())
    assert client.receive(SOON) is None


def test_same_seed_same_loss():
    def lost(seed):
        faults = udp_relay.Faults(loss=0.3, seed=seed)
        return [faults.lost(b"x") for _ in range(1000)]

    assert lost(3) == lost(3) != lost(4)
    assert 200 < sum(lost(3)) < 400


def test_rebind(shared, relay, client):
    """The server does not know the new port: DTLS 1.2 without connection ids."""
    shared.reset()
    check(client, "a.test")
    relay.rebind()
    client.send(query("b.test").to_wire())
    assert client.receive(SOON) is None
    shared.wait_stat("dtls_unknown", 1)
    assert shared.stat("dtls_unknown") == 1


def test_forgeries_reach_the_client(relay, client):
    watcher = client.socket.dup()
    watcher.settimeout(10)
    relay.inject(b"forged")
    assert watcher.recv(100) == b"forged"
    relay.unreachable()
    with pytest.raises(ConnectionRefusedError):
        watcher.recv(100)
    watcher.settimeout(None)  # a copy of the descriptor: whether it blocks is the client's, too
    watcher.close()
    check(client, "a.test")
