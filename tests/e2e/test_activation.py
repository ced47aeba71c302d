"""Sockets that a service manager bound and passed: which are used, who is answered on them, and that none is lost."""

import contextlib
import os
import socket
import struct

import dns.message
import pytest
import wire
from daemon import Dnsfwd
from load import load
from testserver import TIMEOUT, expected_a, wait_for

HOST = "127.0.0.1"
IP_PKTINFO, SO_TIMESTAMP, SO_MEMINFO = 8, 29, 55  # Linux; Python lacks them


def bound(kind=socket.SOCK_DGRAM, host=HOST, port=0, dual_stack=False, listening=True):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    if s.family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not dual_stack)
    s.bind((host, port))
    if kind == socket.SOCK_STREAM and listening:
        s.listen()
    return s


def pair(host=HOST, dual_stack=False, listening=True):
    """UDP and TCP on one port; what does not listen holds it, so that nobody else does."""
    while True:
        udp = bound(host=host, dual_stack=dual_stack)
        try:
            return [udp, bound(socket.SOCK_STREAM, host, udp.getsockname()[1], dual_stack, listening)]
        except OSError:  # taken for TCP
            udp.close()


@pytest.fixture
def sockets():
    """Closes what is put into it."""
    with contextlib.ExitStack() as stack:

        def keep(*them):
            return [stack.enter_context(s) for group in them for s in (group if isinstance(group, list) else [group])]

        yield keep


def text_of(s):
    host, port = s.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def start_with(start, server, passed, names=None, options=None, **kwargs):
    env = {"LISTEN_FDNAMES": ":".join(names)} if names else {}
    env.update(kwargs.pop("env", {}))
    return start(server, {"listen": None, **(options or {})}, passed=passed, env=env, **kwargs)


def answers(fwd, name, **kwargs):
    reply = fwd.ask(name, **kwargs)
    return [rr.address for rrset in reply.answer for rr in rrset] == [expected_a(name)]


def warnings(fwd):
    return [line for line in fwd.log() if " warning " in line]


# -- which are used -------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_udp_and_tcp(server, start, sockets, host):
    passed = sockets(pair(host))
    fwd = start_with(start, server, passed, ["dns.socket", "dns.socket"])
    assert fwd.addresses == [(host, passed[0].getsockname()[1])]
    assert f"listening on {text_of(passed[0])} udp+tcp, passed as dns.socket" in fwd.log_text()
    assert "2 sockets passed by the service manager take the place of listen" in fwd.log_text()
    assert answers(fwd, "udp.test") and answers(fwd, "tcp.test", transport="tcp")
    assert not warnings(fwd)


def test_halves_in_any_order_and_of_several_addresses(server, start, sockets):
    first, second = sockets(pair()), sockets(pair("127.0.0.2"))
    passed = [second[1], first[0], first[1], second[0]]
    fwd = start_with(start, server, passed, ["b-tcp", "a", "a", "b-udp"])
    log = fwd.log_text()
    assert f"{text_of(first[0])} udp+tcp, passed as a" in log
    assert f"{text_of(second[0])} udp+tcp, passed as b-udp and b-tcp" in log
    for i, s in enumerate(passed):
        with fwd.udp_socket(address=s.getsockname()) as client:
            client.send(wire.query(f"udp{i}.test"))
            assert wire.rcode_of(client.recv(4096)) == wire.NOERROR
        with fwd.tcp(address=s.getsockname()) as client:
            client.send(wire.query(f"tcp{i}.test"))
            assert wire.rcode_of(client.receive()) == wire.NOERROR


def test_udp_only(server, start, sockets):
    passed = sockets(pair(listening=False))[:1]
    fwd = start_with(start, server, passed)
    assert f"listening on {text_of(passed[0])} udp, passed as unknown" in fwd.log_text()
    assert "no TCP socket was passed for " + text_of(passed[0]) in warnings(fwd)[0]
    assert answers(fwd, "udp.test")
    with pytest.raises(ConnectionRefusedError):
        fwd.tcp()


def test_tcp_only(server, start, sockets):
    passed = sockets(bound(socket.SOCK_STREAM))
    fwd = start_with(start, server, passed)
    assert f"listening on {text_of(passed[0])} tcp, passed as unknown" in fwd.log_text()
    assert answers(fwd, "tcp.test", transport="tcp")
    assert not fwd.find_ports()


def test_two_of_a_kind_on_one_address(server, start, sockets):
    """ReusePort=: each is a socket of its own with clients of its own."""
    first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    first.bind((HOST, 0))
    second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    second.bind(first.getsockname())
    fwd = start_with(start, server, sockets(first, second))
    for i in range(32):  # the kernel spreads by source port
        assert answers(fwd, f"reuse{i}.test")


def test_listen_is_not_opened_and_missed_addresses_are_named(server, start, sockets):
    passed = sockets(pair())
    other = sockets(bound())[0].getsockname()[1]
    fwd = start_with(
        start, server, passed, options={"listen": [text_of(passed[0]), f"127.0.0.9:{other}", f"127.0.0.10:{other}"]}
    )
    assert fwd.addresses == [passed[0].getsockname()]
    missed = [line for line in warnings(fwd) if "which was not passed" in line]
    assert len(missed) == 2 and f"127.0.0.9:{other}" in missed[0] and f"127.0.0.10:{other}" in missed[1]
    with fwd.udp_socket(address=("127.0.0.9", other)) as client:
        client.send(wire.query("nobody.test"))
        with pytest.raises(ConnectionRefusedError):
            client.recv(4096)


def test_wildcard_serves_what_listen_names(server, start, sockets):
    passed = sockets(pair("::", dual_stack=True))
    port = passed[0].getsockname()[1]
    fwd = start_with(start, server, passed, options={"listen": [f"127.0.0.1:{port}", f"[::1]:{port}"]})
    assert not warnings(fwd)


def test_tcp_of_a_wildcard_is_enough_for_udp(server, start, sockets):
    tcp = bound(socket.SOCK_STREAM, "::", dual_stack=True)
    fwd = start_with(start, server, sockets(tcp, bound(port=tcp.getsockname()[1])))
    assert not warnings(fwd)


# -- wildcards ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wildcard, dual_stack, hosts",
    [
        ("0.0.0.0", False, ["127.0.0.1", "127.0.0.2", "127.1.2.3"]),
        ("::", False, ["::1"]),
        ("::", True, ["::1", "127.0.0.1", "127.0.0.2", "127.1.2.3"]),
    ],
)
@pytest.mark.parametrize("noisy", [False, True])
def test_reply_comes_from_the_address_asked(server, start, sockets, wildcard, dual_stack, hosts, noisy):
    """RFC 2181 4.  noisy: with control messages that a socket unit may ask for and nobody needs."""
    passed = sockets(pair(wildcard, dual_stack))
    if noisy:
        passed[0].setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        passed[0].setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
    fwd = start_with(start, server, passed)
    for host in hosts:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(TIMEOUT)
            s.sendto(wire.query("asked.test", id=7), (host, fwd.port))
            reply, source = s.recvfrom(4096)
            assert source[:2] == (host, fwd.port)
            assert (wire.id_of(reply), wire.rcode_of(reply)) == (7, wire.NOERROR)
        with fwd.tcp(address=(host, fwd.port)) as stream:
            stream.send(wire.query("asked.test"))
            assert wire.rcode_of(stream.receive()) == wire.NOERROR


def test_allow_sees_ipv4_clients_of_a_dual_stack_socket(server, start, sockets):
    fwd = start_with(start, server, sockets(pair("::", True)), options={"allow": ["127.0.0.2/32"]})
    address = ("127.0.0.1", fwd.port)
    for source in ("127.0.0.2", "127.0.0.3"):
        with fwd.tcp(source, address) as stream:
            stream.send(wire.query("allow.test"))
            assert wire.rcode_of(stream.receive()) == (wire.NOERROR if source == "127.0.0.2" else wire.REFUSED)
        with fwd.udp_socket(source, address) as s:
            s.send(wire.query("allow.test"))
            if source == "127.0.0.2":
                assert wire.rcode_of(s.recv(4096)) == wire.NOERROR
    assert fwd.wait_stat("dropped_access", 1)


# -- what is not used -------------------------------------------------------------------


def test_names_of_what_this_version_lacks(server, start, sockets):
    control = socket.socket(socket.AF_UNIX)
    metrics = bound(socket.SOCK_STREAM)
    names = ["control", "dns", "metrics", "anything"]
    passed = sockets(pair())
    fwd = start_with(start, server, [*sockets(control), passed[0], *sockets(metrics), passed[1]], names)
    said = warnings(fwd)
    assert len(said) == 2
    assert "descriptor 3, passed as control, is closed: this version has no control socket" in said[0]
    assert "descriptor 5, passed as metrics, is closed: this version has no metrics" in said[1]
    assert "passed as dns and anything" in fwd.log_text()
    assert answers(fwd, "udp.test") and answers(fwd, "tcp.test", transport="tcp")


def strangers():
    """Descriptors that are no DNS sockets, with the reason that has to be given."""
    a, b = socket.socketpair()
    listener = bound(socket.SOCK_STREAM)
    client = socket.create_connection(listener.getsockname())
    return [
        (a, "neither UDP nor TCP"),
        (b, "neither UDP nor TCP"),
        (bound(socket.SOCK_STREAM), None),
        (client, "does not listen"),
        (listener.accept()[0], "does not listen"),
        (socket.socket(socket.AF_INET, socket.SOCK_STREAM), "does not listen"),
        (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "not bound"),
        (open(os.devnull, "rb"), "no socket"),
        (socket.socket(socket.AF_NETLINK, socket.SOCK_RAW), "neither UDP nor TCP"),
        (listener, None),
    ]


def test_other_descriptors_are_closed(server, start, sockets):
    """Whatever stands among them: the good ones serve, the others are named and gone."""
    them = strangers()
    good = sockets(pair())
    passed = [s for s, _ in them] + good
    sockets(*[s for s, _ in them])
    fwd = start_with(start, server, passed)
    said = warnings(fwd)
    for i, (_, why) in enumerate(them):
        line = [w for w in said if f"descriptor {3 + i}, passed as unknown, is closed: " in w]
        assert len(line) == (why is not None) and (why is None or why in line[0]), (i, why, said)
    used = 2 + sum(why is None for _, why in them)
    assert f"{used} sockets passed" in fwd.log_text()
    for s in good:
        assert text_of(s) in fwd.log_text()
    with fwd.udp_socket(address=good[0].getsockname()) as client:
        client.send(wire.query("good.test"))
        assert wire.rcode_of(client.recv(4096)) == wire.NOERROR


def test_nothing_of_use_is_as_nothing(server, start, sockets):
    a, b = sockets(*socket.socketpair())
    fwd = start(server, passed=[a, b])
    assert len(warnings(fwd)) == 2 and "take the place" not in fwd.log_text()
    assert answers(fwd, "own.test")


def test_too_many(server, start, sockets):
    """64 are used; the kernel does not keep those beyond them open for us."""
    passed = sockets(*[bound() for _ in range(70)])
    fwd = start_with(start, server, passed)
    assert "70 descriptors were passed; the first 64 are looked at, the rest is closed" in fwd.log_text()
    assert len(fwd.addresses) == 64
    assert sorted(fwd.find_ports()) == sorted(s.getsockname()[1] for s in passed[:64])
    for s in (passed[0], passed[63]):
        with fwd.udp_socket(address=s.getsockname()) as client:
            client.send(wire.query("many.test"))
            assert wire.rcode_of(client.recv(4096)) == wire.NOERROR


@pytest.mark.parametrize(
    "env",
    [
        {"LISTEN_PID": "1"},
        {"LISTEN_PID": ""},
        {"LISTEN_PID": "me"},
        {"LISTEN_FDS": "0"},
        {"LISTEN_FDS": "-1"},
        {"LISTEN_FDS": "1e3"},
        {"LISTEN_FDS": ""},
        {"LISTEN_FDS": "99999999999999999999"},
    ],
)
def test_variables_that_pass_nothing(server, start, sockets, env):
    """Then listen holds.  A number that makes no sense is worth a warning, another process's is not."""
    fwd = start(server, passed=sockets(pair()), env=env)
    assert answers(fwd, "own.test")
    assert "take the place" not in fwd.log_text()
    garbage = env.get("LISTEN_FDS", "0") != "0"
    assert len(warnings(fwd)) == garbage and ("LISTEN_FDS=" in fwd.log_text()) == garbage


def test_more_counted_than_passed(server, start, sockets):
    """What is not open is said to be so, and nothing of our own is mistaken for it."""
    passed = sockets(pair())
    fwd = start_with(start, server, passed, env={"LISTEN_FDS": "9"})
    assert len([line for line in warnings(fwd) if "it is not open" in line]) == 7
    assert answers(fwd, "udp.test") and answers(fwd, "tcp.test", transport="tcp")
    assert fwd.stats()["queries_udp"] == 1


def test_check_does_not_touch_them(server, sockets):
    """-t looks at files only."""
    passed = sockets(pair())
    fwd = Dnsfwd(server, args=["-t"], passed=passed, wait=False)
    assert fwd.wait_end() == 0
    fwd.kill()
    assert "passed" not in fwd.log_text()


# -- workers ----------------------------------------------------------------------------


def test_workers_share_them(server, start, sockets):
    passed = sockets(pair(), pair("::1"))
    fwd = start_with(start, server, passed, options={"workers": 2})

    def both_have_sessions():
        load(fwd, 500, window=100).check()
        return fwd.stats()["sessions"] == 2

    assert wait_for(both_have_sessions, what="each worker to have answered")
    load(fwd, 500, window=100, transport="tcp").check()


def test_drops_of_a_shared_socket_count_once(server, start, sockets):
    passed = sockets(pair())
    passed[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(200):
            client.sendto(b"too short", passed[0].getsockname())
    drops = struct.unpack("9I", passed[0].getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[8]
    assert drops > 0
    fwd = start_with(start, server, passed, options={"workers": 2})
    assert fwd.wait_stat("dropped_short", 200 - drops)
    assert fwd.stats()["udp_drops"] == drops


# -- a restart ----------------------------------------------------------------------------


def replies_to(client, count):
    got = {}
    while len(got) < count:
        reply = client.recv(4096)
        got[wire.id_of(reply)] = wire.rcode_of(reply)
    return got


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.clock
def test_restart_loses_no_query(server, certs, sockets, workers):
    """
    Asked before the end, while it drains, while nobody runs, and of the next one: what the old one has read it
    answers, what it has not read waits in the socket.
    """
    server.rule("name=*.restart.test delay=100")
    passed = sockets(pair())
    options = {"listen": None, "workers": workers}
    old = Dnsfwd(server, options, passed=passed)
    with old.udp_socket() as client:
        asked = iter(range(500))

        def ask(count):
            for _, i in zip(range(count), asked):
                client.send(wire.query(f"q{i}.restart.test", id=i))

        ask(100)
        server.wait_stat("queries", 1)
        ask(50)
        old.process.terminate()
        ask(50)
        old.wait_log("stopping on")
        ask(50)
        old.stop()
        ask(100)
        new = Dnsfwd(server, options, passed=passed)
        ask(150)
        got = replies_to(client, 500)
        new.stop()
    assert sorted(got) == list(range(500)) and set(got.values()) == {wire.NOERROR}


@pytest.mark.clock
def test_what_is_not_read_stays(server, start, sockets):
    """The old one drains for as long as its last answer takes; what comes meanwhile is the next one's."""
    server.rule("name=slow.test delay=1000")
    passed = sockets(pair())
    old = start_with(start, server, passed)
    with old.udp_socket() as client, old.tcp() as idle:
        idle.send(wire.probe())
        idle.receive()
        client.send(wire.query("slow.test", id=1))
        server.wait_stat("queries", 1)
        old.process.terminate()
        assert idle.closed(), "it drains: idle clients have been sent away"
        client.send(wire.query("between.test", id=2))
        assert replies_to(client, 1) == {1: wire.NOERROR}
        assert old.wait_end() == 0
        assert server.count("between.test") == 0
        new = start_with(start, server, passed)
        assert replies_to(client, 1) == {2: wire.NOERROR}
        assert new.stats()["queries_udp"] == 1


def test_tcp_clients_that_nobody_accepted_wait(server, start, sockets):
    passed = sockets(pair())
    old = start_with(start, server, passed)
    old.process.terminate()
    assert old.wait_end() == 0
    with old.tcp() as client:
        client.send(wire.query("waits.test"))
        new = start_with(start, server, passed)
        assert wire.rcode_of(client.receive()) == wire.NOERROR
    assert new.stats()["tcp_accepted"] == 1


def test_half_of_the_upstreams_port(start_server, start, sockets):
    """A UDP socket alone, on the number that the upstream has for TCP: it is not us that is asked."""
    udp, tcp = pair(listening=False)
    passed = sockets(udp)
    tcp.close()
    server = start_server(tls=[text_of(udp)])
    fwd = start_with(start, server, passed)
    with fwd.udp_socket(address=passed[0].getsockname()) as client:
        client.send(wire.query("half.test"))
        assert wire.rcode_of(client.recv(4096)) == wire.NOERROR
