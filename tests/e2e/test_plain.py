"""Upstreams in clear, in a zone: UDP with TCP beside it, and TCP (RFC 1035, 5452, 7766, threats A07)."""

import dns.flags
import dns.message
import dns.rrset
import pytest
import wire
from conftest import addresses
from load import load
from plainserver import UdpPeer
from ports import free_port
from testserver import expected_a, wait_for


@pytest.fixture
def plain(start_server):
    """A test server with UDP and TCP on one port, besides TLS."""
    for _ in range(5):
        port = free_port()
        try:
            return start_server(udp=[f"127.0.0.1:{port}"], tcp=[f"127.0.0.1:{port}"])
        except RuntimeError:
            continue  # somebody was faster
    raise OSError("no port")


@pytest.fixture
def over(plain, start):
    """Starts a dnsfwd whose zone corp.test is at `plain`, over udp or tcp."""
    return lambda scheme, **options: start(plain, {"zone": [zone(scheme, plain.udp[0].port)], **options})


def zone(scheme, port, name="corp.test"):
    return {"name": name, "forward": [f"{scheme}://127.0.0.1:{port}"]}


def check(fwd, name, **options):
    assert addresses(fwd.ask(name, **options)) == [expected_a(name)]


def transports(server, name):
    return [q.transport for q in server.queries() if wire.name(name) in q.data]


# -- what is sent ----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_goes_out_in_clear_as_configured(over, plain, scheme):
    fwd = over(scheme)
    check(fwd, "a.corp.test")
    check(fwd, "a.other.test")
    assert transports(plain, "a.corp.test") == [scheme]
    assert transports(plain, "a.other.test") == ["tls"]


def test_query_over_udp(over, plain):
    """No padding, no subnet, no keepalive; a size that no network splits."""
    check(over("udp"), "form.corp.test")
    (query,) = [q.data for q in plain.queries() if q.transport == "udp"]
    codes = [code for code, _ in wire.raw_options(query)]
    assert not {wire.PADDING, wire.ECS, wire.KEEPALIVE} & set(codes)
    assert wire.parse(query).payload == 1232


def test_query_over_tcp(over, plain):
    check(over("tcp"), "form.corp.test")
    (query,) = [q.data for q in plain.queries() if q.transport == "tcp"]
    codes = [code for code, _ in wire.raw_options(query)]
    assert not {wire.PADDING, wire.ECS} & set(codes)


def test_answer_is_not_authenticated(over, plain):
    """AD says something over an authenticated connection only."""
    plain.rule("name=ad.corp.test good")
    reply = over("udp").ask("ad.corp.test", want_dnssec=True)
    assert not reply.flags & dns.flags.AD


def test_ports_and_ids_cannot_be_guessed(start, server):
    """RFC 5452 9.2: another port for each query, and ids of all 16 bits."""
    with UdpPeer(echo) as peer:
        fwd = start(server, {"zone": [zone("udp", peer.port)]})
        for i in range(200):
            assert fwd.ask(f"p{i}.corp.test").rcode() == 0
        ports = [source[1] for _, source in peer.seen]
        ids = [int.from_bytes(data[:2], "big") for data, _ in peer.seen]
    assert len(ports) >= 200
    assert len(set(ports)) > 150  # of 28,000: the same one comes again now and then
    steps = [b - a for a, b in zip(ports, ports[1:])]
    assert max(steps.count(step) for step in set(steps)) < 20
    assert len(set(ids)) > 180
    assert min(ids) < 0x2000 and max(ids) > 0xE000


# -- what comes back -------------------------------------------------------------------


def reply_to(data, address="192.0.2.77"):
    query = dns.message.from_wire(data)
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
    return reply


def echo(peer, data, source):
    peer.socket.sendto(reply_to(data).to_wire(), source)


def forge(peer, data, source):
    """All kinds of answers that are none, and the right one behind them."""
    wrong_id = reply_to(data, "192.0.2.66")
    wrong_id.id ^= 1
    other = dns.message.make_query("b.corp.test", "A", id=wrong_id.id ^ 1)
    wrong_name = reply_to(other.to_wire(), "192.0.2.66")
    no_reply = bytearray(reply_to(data, "192.0.2.66").to_wire())
    no_reply[2] &= 0x7F
    for bad in (b"", b"\0", data[:11], b"\xff" * 600, wrong_id.to_wire(), wrong_name.to_wire(), bytes(no_reply)):
        peer.socket.sendto(bad, source)
    peer.socket.sendto(reply_to(data).to_wire(), source)


def test_forged_datagrams_end_no_wait(start, server):
    with UdpPeer(forge) as peer:
        fwd = start(server, {"zone": [zone("udp", peer.port)]})
        for i in range(20):
            assert addresses(fwd.ask(f"f{i}.corp.test")) == ["192.0.2.77"]
        assert fwd.stats()["upstream_mismatch"] >= 7 * 20


def test_from_elsewhere_is_not_heard(start, server):
    """The right answer from another port of the server is not one."""

    def from_elsewhere(peer, data, source):
        with UdpPeer(lambda *_: None) as other:
            other.socket.sendto(reply_to(data, "192.0.2.66").to_wire(), source)
        echo(peer, data, source)

    with UdpPeer(from_elsewhere) as peer:
        fwd = start(server, {"zone": [zone("udp", peer.port)]})
        for i in range(10):
            assert addresses(fwd.ask(f"e{i}.corp.test")) == ["192.0.2.77"]


def test_truncated_answer_is_asked_for_over_tcp(over, plain):
    plain.rule("name=long.corp.test transport=udp tc")
    fwd = over("udp")
    check(fwd, "long.corp.test")
    assert transports(plain, "long.corp.test") == ["udp", "tcp"]
    assert fwd.stats()["fallback_truncated"] == 1


def test_large_answer(over, plain):
    fwd = over("udp")
    reply = fwd.ask("size-3000.corp.test", "TXT", transport="tcp")
    assert reply.rcode() == 0 and not reply.flags & dns.flags.TC
    assert len(reply.to_wire()) >= 3000


# -- loss ------------------------------------------------------------------------------


def test_lost_query_is_repeated(over, plain):
    fwd = over("udp")
    check(fwd, "first.corp.test")
    plain.rule("name=lost.corp.test transport=udp times=2 drop")
    check(fwd, "lost.corp.test")
    assert set(transports(plain, "lost.corp.test")) == {"udp"}
    assert fwd.stats()["datagram_repeats"] >= 2


def test_silent_udp_goes_over_tcp(over, plain):
    """And after a while it is not waited for any more."""
    plain.rule("transport=udp drop")
    fwd = over("udp")
    for i in range(4):
        check(fwd, f"s{i}.corp.test")
    wait_for(lambda: [check(fwd, "on.corp.test"), fwd.stats()["datagram_silences"]][1] >= 1, what="silence")
    before = len([q for q in plain.queries() if q.transport == "udp"])
    for i in range(50):
        check(fwd, f"t{i}.corp.test")
    assert len([q for q in plain.queries() if q.transport == "udp"]) == before


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_load(over, plain, scheme):
    """Hundreds at a time: sockets are few, and no query is lost."""
    fwd = over(scheme)
    descriptors = fwd.fds()
    load(fwd, 3000, window=300, name=lambda i: f"l{i}.corp.test").check()
    assert fwd.fds() < descriptors + 64 + 20
    stats = fwd.stats()
    assert stats["replies_servfail"] == 0


def test_load_under_loss(over, plain):
    plain.rule("transport=udp prob=0.2 drop")
    fwd = over("udp")
    load(fwd, 1000, window=50, name=lambda i: f"m{i}.corp.test").check()
    assert fwd.stats()["replies_servfail"] == 0


def test_connection_is_kept(over, plain):
    fwd = over("tcp")
    for i in range(20):
        check(fwd, f"k{i}.corp.test")
    assert len({q.conn for q in plain.queries() if q.transport == "tcp"}) == 1
