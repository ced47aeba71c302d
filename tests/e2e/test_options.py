"""Each option of the configuration does what it says."""

import os
import pathlib
import time

import pytest
import wire
from conftest import addresses, warm
from daemon import TIMEOUT, run
from load import load
from machine import Stopwatch
from testserver import expected_a, make_certs, wait_for


@pytest.mark.parametrize("timeout, seconds", [("200ms", 0.2), ("1s", 1), (1, 1), ("2500ms", 2.5)])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.clock
def test_query_timeout(server, start, timeout, seconds, transport):
    fwd = warm(start(server, {"query-timeout": timeout}))
    before = fwd.stats()["timeouts"]  # the handshake may have taken longer
    server.rule("name=never.test none")
    begin, watch = time.monotonic(), Stopwatch()
    reply = fwd.ask("never.test", transport=transport)
    took, own = time.monotonic() - begin, watch.own()
    assert reply.rcode() == wire.SERVFAIL and wire.edes(reply) == [(23, f"{label(server)}: no answer in time")]
    assert seconds * 0.95 <= took and own < seconds + 2
    assert fwd.stats()["timeouts"] == before + 1


def label(server):
    return f"tls://127.0.0.1:{server.tls[0].port}#resolver.test"


@pytest.mark.clock
def test_deadlines_are_each_query_s_own(server, start):
    fwd = warm(start(server, {"query-timeout": "1s"}))
    server.rule("name=*.never.test none")
    result = load(fwd, 100, window=100, rate=100, name=lambda i: f"n{i}.never.test")
    assert result.failed == {wire.SERVFAIL: 100}
    assert min(result.times) > 0.9 and result.slowest_own < 3


def test_max_queries(server, start):
    """Beyond the bound an answer at once that says why."""
    fwd = warm(start(server, {"max-queries": 16}))
    server.pause()
    with fwd.udp_socket() as s:
        for i in range(50):
            s.send(wire.query(f"h{i}.held.test", edns=True, id=i))
        replies = [s.recv(4096) for _ in range(34)]
        assert {wire.rcode_of(r) for r in replies} == {wire.SERVFAIL}
        server.pause(False)
        replies += [s.recv(4096) for _ in range(16)]
    refused = [wire.parse(r) for r in replies if wire.rcode_of(r) == wire.SERVFAIL]
    assert len(refused) == 34 and sorted(wire.id_of(r) for r in replies) == list(range(50))
    assert {code for r in refused for code, _ in wire.edes(r)} == {0}
    assert all("max-queries" in wire.edes(r)[0][1] for r in refused)
    assert fwd.stats()["bound_queries"] == 34
    warm(fwd)


def test_tcp_clients(server, start):
    fwd = start(server, {"tcp-clients": 2})
    streams = []
    for i in range(3):
        streams.append(fwd.tcp())
        streams[i].send(wire.query(f"c{i}.test"))
        assert streams[i].receive()
    assert streams[0].closed() and streams[1].open() and streams[2].open()
    assert fwd.stats()["tcp_clients"] == 2 and fwd.stats()["bound_tcp_clients"] == 1


def test_tcp_idle_timeout(server, start):
    fwd = start(server, {"tcp-idle-timeout": "2s"})
    with fwd.tcp() as stream:
        begin, watch = time.monotonic(), Stopwatch()
        stream.send(wire.query("idle.test", edns=wire.opt(wire.option(wire.KEEPALIVE))))
        assert wire.raw_options(stream.receive()) == [(wire.KEEPALIVE, b"\0\x14")]
        assert stream.closed()
        assert 1.9 < time.monotonic() - begin and watch.own() < 10


@pytest.mark.parametrize("size", [512, 1232, 4096])
def test_edns_size(server, start, size):
    fwd = start(server, {"edns-size": size})
    server.pad(False)
    try:
        edns = wire.opt(size=65535)
        fits = fwd.ask_wire(wire.query(f"size-{size}.edns.test", wire.TXT, edns=edns))
        too_long = fwd.ask_wire(wire.query(f"size-{size + 1}.edns.test", wire.TXT, edns=edns))
    finally:
        server.pad(True)
    assert not wire.flags_of(fits) & wire.TC and size - 30 < len(fits) <= size
    assert wire.flags_of(too_long) & wire.TC
    assert wire.parse(fits).payload == size


@pytest.mark.parametrize("block", [16, 128, 468, 512])
def test_pad_block(server, start, block):
    fwd = start({"pad-block": block}, server=server)
    for name in ("a.test", "b" * 60 + ".test", ".".join(["c" * 60] * 3) + ".test"):
        assert addresses(fwd.ask(name)) == [expected_a(name)]
        data = server.queries()[-1].data
        assert len(data) % block == 0 and wire.raw_options(data)[-1][0] == wire.PADDING


@pytest.mark.parametrize("limit, connections", [(1, 1), (1, 4), (10, 2)])
@pytest.mark.clock
def test_max_inflight_and_connections(server, start, limit, connections):
    server.rule("name=*.flight.test delay=20")
    fwd = warm(start({"max-inflight": limit, "connections": connections}, server=server))
    load(fwd, 100, window=100, name=lambda i: f"i{i}.flight.test").check(within=TIMEOUT)  # one after another, some of them
    assert server.stat("max_pipelined") == limit and server.stat("open_max") == connections
    assert fwd.stats()["bound_inflight"] > 0


def test_auth_name_and_port(start_server, start):
    """The long form in all its parts; without auth-name the address has to be in the certificate."""
    server = start_server()
    for upstream in ({}, {"auth-name": ""}, {"auth-name": "resolver.test", "tls-cert-bundle": server.ca}):
        fwd = start(upstream, server=server)
        assert addresses(fwd.ask("long.test")) == [expected_a("long.test")]
    fwd = start({"auth-name": "other.test"}, {"query-timeout": "500ms"}, server=server)
    assert fwd.ask("long.test").rcode() == wire.SERVFAIL


def test_name_of_the_long_form(server, start):
    """In the log and in Extended DNS Errors: two entries may differ in nothing else that could be shown."""
    pinned = {"name": "spare", "server": server, "pin-sha256": "A" * 43 + "="}
    fwd = warm(start([{"name": "at home", "server": server}, pinned], {"log-queries": True, "query-timeout": "500ms"}))
    address = server.tls[0]
    fwd.wait_log(rf"info upstream at home \({address.host}:{address.port}\): connected, TLS1\.3 .*, authenticated")
    fwd.wait_log(r"info query warm\.test\. A from .*: NOERROR, .*, upstream=at home TLS1\.3")
    server.listen(False)
    server.closeall("rst")
    shown = f"({address.host}:{address.port}): TCP: Connection refused"

    def told():
        ((code, text),) = wire.edes(fwd.ask("gone.test"))
        return code == 22 and text == f"at home {shown}; spare {shown}"

    # Where the first handshake took long, the spare one has failed by its pin before, and is tried again later.
    wait_for(told, what=f"a reason of each\n{fwd.log_text()}")
    fwd.wait_log(r"warning upstream spare \S+: TCP: Connection refused")


def test_trust_of_the_upstream_goes_before_that_of_the_top(server, start, tmp_path):
    other = make_certs(tmp_path / "other")
    fwd = start({"tls-cert-bundle": server.ca}, {"tls-cert-bundle": str(other / "ca.pem")}, server=server)
    assert fwd.ask("trust.test").rcode() == 0


@pytest.mark.parametrize("workers", [2, "auto"])
@pytest.mark.clock
def test_workers(server, start, workers):
    """All of them answer: each has a session of its own."""
    fwd = start(server, {"workers": workers})
    count = os.cpu_count() if workers == "auto" else workers
    load(fwd, 2000, window=200, pipes=40).check()
    load(fwd, 1000, window=200, pipes=40, transport="tcp").check()
    stats = fwd.stats()
    assert stats["queries_udp"] == 2000 and stats["queries_tcp"] == 1000

    def all_of_them():  # with many cores 40 sockets need not meet each worker
        load(fwd, 200, window=200, pipes=40).check()
        return fwd.stats()["sessions"] == count == server.stat("open")

    wait_for(all_of_them, what="a session of each worker")
    fwd.wait_log(rf"ready: .* {count} worker{'s' if count > 1 else ''}$")
    assert len(os.listdir(f"/proc/{fwd.pid}/task")) == count + 1


def test_log_queries(server, start):
    fwd = start(server, {"log-queries": True})
    fwd.ask("Some.Name.test", "AAAA", "tcp")
    line = fwd.wait_log(
        r"info query (\S+) AAAA from 127\.0\.0\.1:\d+ tcp: NOERROR, 1 answers, ([\d.]+) ms, upstream=(\S+) TLS1\.3"
    )
    assert line[1] == "Some.Name.test." and line[3] == label(server) and float(line[2]) < 60000


def test_cache_size(server, start):
    for size, sent in ((0, 2), ("16M", 3)):
        fwd = start(server, {"cache-size": size})
        for _ in range(2):
            assert fwd.ask("cache.test").rcode() == 0
        assert server.count("cache.test") == sent
    path = pathlib.Path(fwd.path)
    path.write_text(path.read_text().replace("16M", "1k"))
    done = run("-t", "-c", path)
    assert done.returncode == 1 and "cache-size" in done.stderr and "64k" in done.stderr


@pytest.mark.parametrize("listed", [["127.0.0.2"], ["127.0.0.0/30"], ["10.0.0.0/8", "127.0.0.2/32"]])
def test_allow(server, start, listed):
    """Others get silence over UDP, where sources are forged, and REFUSED over TCP."""
    fwd = start(server, {"allow": listed})
    assert addresses(fwd.ask("in.test", source="127.0.0.2")) == [expected_a("in.test")]
    assert addresses(fwd.ask("in.test", transport="tcp", source="127.0.0.2")) == [expected_a("in.test")]
    with fwd.udp_socket("127.0.0.5") as outside:
        for _ in range(5):
            outside.send(wire.query("out.test"))
        fwd.ask("in.test", source="127.0.0.2")  # by now the others have been looked at
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.recv(512)
    reply = fwd.ask("out.test", transport="tcp", source="127.0.0.5")
    assert reply.rcode() == wire.REFUSED and [c for c, _ in wire.edes(reply)] == [18]
    stats = fwd.stats()
    assert stats["dropped_access"] == 5 and stats["refused_access"] == 1
    assert server.count("out.test") == 0
