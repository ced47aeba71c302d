"""The test resolver tested: when connections end, do nothing, or never begin."""

import socket
import ssl
import struct
import time

import dns.query
import pytest
from servercase import ENDS, Stream, ask_tls, parsed, query
from servercase import server, shared  # fixtures
from testserver import TIMEOUT, wait_for


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("how", ["fin", "notify", "rst", "close"])
def test_limit_of_answers(server, how, limit):
    server.rule(f"answers={limit}/{how}")
    with Stream(server) as stream:
        stream.send(*[query("a.test", id=i).to_wire() for i in range(20)])
        ids = [parsed(stream.receive()).id for _ in range(limit)]
        assert ids == list(range(limit))
        assert stream.ending()[0] == b""
    assert server.stat("answers") == limit


def test_limit_of_queries(server):
    server.rule("queries=3/notify")
    with Stream(server) as stream:
        assert stream.ask("a.test") and stream.ask("b.test")
        stream.send(query("c.test").to_wire())
        assert stream.receive() is None
    assert server.stat("queries") == 3 and server.stat("answers") == 2


def test_life(server):
    server.rule("life=100/notify")
    begin = time.monotonic()
    with Stream(server, "tcp") as stream:
        assert stream.receive() is None
        assert 0.09 < time.monotonic() - begin


def test_silence_does_not_keep_a_peer_that_is_done(server):
    """Nobody waits for the answers that are never to come."""
    server.rule("life=300/silence")
    server.rule("delay=60000")
    with Stream(server, "tcp") as stream:
        stream.send(query("a.test").to_wire())
        stream.socket.shutdown(socket.SHUT_WR)
        assert stream.receive() is None
    wait_for(lambda: server.stat("open") == 0)


@pytest.mark.clock
def test_limit_of_idleness(server):
    """Queries put the end off; without them it comes."""
    server.rule("idle=1000/notify")
    with Stream(server) as stream:
        begin = time.monotonic()
        while time.monotonic() < begin + 1.5:
            assert stream.ask("a.test")
        assert server.stat("closed_by_us") == 0
        assert stream.receive() is None
    assert server.stat("closed_by_us") == 1


def test_close_after_handshake(server):
    server.rule("handshake=notify")
    with Stream(server) as stream:
        assert stream.receive() is None
    assert server.stat("handshakes") == 1


def test_refuse(server):
    server.rule("refuse=rst times=1")
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        Stream(server)
    assert ask_tls(server, "a.test").answer


def test_garbage(server):
    server.rule("garbage=100")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Stream(server)
    assert server.stat("handshakes") == 0


def test_stall(server):
    server.rule("stall conn=1-")
    stream = socket.create_connection(server.tls[0], timeout=0.2)
    stream.sendall(b"\x16\x03\x01\0\1x")
    with stream, pytest.raises(TimeoutError):
        stream.recv(1)
    server.clear_rules()
    server.rule("stall=100")
    assert ask_tls(server, "a.test").answer


def test_plaintext_where_tls_should_be(server):
    server.rule("plaintext")
    host, port = server.tls[0]
    assert dns.query.tcp(query("a.test"), host, port=port, timeout=TIMEOUT).answer


def test_accept_off_and_listeners_closed(server):
    server.accept(False)
    backlogged = socket.create_connection(server.tcp[0], timeout=TIMEOUT)
    assert server.stat("connections") == 0
    server.accept()
    server.wait_stat("connections", 1)
    backlogged.close()
    server.listen(False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.tcp[0], timeout=TIMEOUT)
    server.listen()
    assert ask_tls(server, "a.test").answer


def test_closed_listeners_keep_their_ports(server):
    """Nobody else gets one, and to whoever asks it is closed."""
    for _ in range(2):
        server.listen(False)
    for kind, address in ((socket.SOCK_STREAM, server.tcp[0]), (socket.SOCK_DGRAM, server.udp[0])):
        with socket.socket(socket.AF_INET, kind) as other, pytest.raises(OSError, match="in use"):
            other.bind(address)
        with socket.socket(socket.AF_INET, kind) as client, pytest.raises(ConnectionRefusedError):
            client.settimeout(TIMEOUT)
            client.connect(address)
            client.send(query("a.test").to_wire())
            client.recv(4096)
    for _ in range(2):
        server.listen()
    assert ask_tls(server, "a.test").answer
    assert dns.query.udp(query("b.test"), server.udp[0].host, port=server.udp[0].port, timeout=TIMEOUT).answer


@pytest.mark.parametrize("how", ["fin", "rst", "notify", "alert"])
def test_closeall(server, how):
    with Stream(server) as stream:
        stream.ask("a.test")
        server.closeall(how)
        assert stream.ending()[1] == ENDS[how]
    wait_for(lambda: server.stat("open") == 0)


def test_injection_and_unsolicited(server):
    with Stream(server) as stream:
        stream.ask("a.test")
        assert server.inject(b"hello") == 1
        assert stream.receive() == b"hello"
        assert server.unsolicited() == 1
        ids = {struct.unpack("!H", stream.receive()[:2])[0] for _ in range(65536)}
        assert len(ids) == 65536
        assert stream.ask("b.test")
