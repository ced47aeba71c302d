"""dnstap: what others read of it, and that nobody waits for who reads."""

import calendar
import os
import time

import pytest
import wire
from conftest import addresses
from daemon import BINARY, SANITIZED, run
from load import load
from ports import free_port
from tapcase import CAPTURE, DECODE, Capture, Reader
from testserver import expected_a, wait_for

TAPPED = BINARY.with_name(BINARY.name + "-dnstap")
pytestmark = pytest.mark.skipif(
    not (TAPPED.exists() and CAPTURE and DECODE),
    reason="no build with dnstap (make server, Debian: libfstrm-dev), or fstrm_capture or dnstap-ldns is not installed",
)


def tapped(start, server, path, options=None, **kwargs):
    fwd = start(server, {"dnstap": str(path), **(options or {})}, command=[str(TAPPED)], **kwargs)
    fwd.wait_log("dnstap: messages go to")
    return fwd


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_way_of_a_query(server, start, tmp_path, transport):
    with Capture(tmp_path) as capture:
        fwd = tapped(start, server, capture.path, {"cache-size": "1M"})
        begin = time.time()
        for _ in range(2):  # the second is a hit
            assert addresses(fwd.ask("a.tap.test", transport=transport, source="127.1.2.3")) == [expected_a("a.tap.test")]
        fwd.stop()
        lines = capture.lines()
    assert [line.kind for line in lines] == ["CQ", "FQ", "FR", "CR", "CQ", "CR"]
    for line in lines:
        assert line.name == "a.tap.test" and line.type == "A" and begin - 1 < stamp(line.time) < time.time() + 1
        if line.kind.startswith("C"):
            assert line.protocol == transport.upper() and line.address == "127.1.2.0"
        else:
            assert line.protocol in ("DOT", "?") and line.address == "127.0.0.1"  # dnstap-ldns 0.2.1 does not know it
    assert [line.octets for line in lines if line.kind == "FQ"] == ["128"]


def test_all_fields(plain, start, tmp_path):
    """Of an upstream in clear, which dnstap-ldns can tell in full."""
    port = plain.udp[0].port
    zones = [{"name": "tap.test", "forward": [f"udp://127.0.0.1:{port}"]}]
    with Capture(tmp_path) as capture:
        fwd = tapped(start, plain, capture.path, {"zone": zones})
        plain.rule("name=a.tap.test delay=300")
        begin = time.time()
        fwd.ask("a.tap.test", source="127.1.2.3")
        fwd.stop()
        messages = capture.messages()
    assert [m["type"] for m in messages] == ["CLIENT_QUERY", "FORWARDER_QUERY", "FORWARDER_RESPONSE", "CLIENT_RESPONSE"]
    for m in messages:
        assert m["socket_family"] == "INET" and m["socket_protocol"] == "UDP" and "a.tap.test.\tIN\tA" in m["text"]
        assert begin - 1 < stamp(m["query_time"]) < time.time() + 1 and 'version: "dnsfwd ' in m["text"]
        if m["type"].startswith("CLIENT"):
            assert m["query_address"] == '"127.1.2.0"' and "query_port" not in m and "response_address" not in m
        else:
            assert m["response_address"] == '"127.0.0.1"' and int(m["response_port"]) == port and "query_port" not in m
        if m["type"].endswith("RESPONSE"):
            assert stamp(m["response_time"]) - stamp(m["query_time"]) > 0.25 and expected_a("a.tap.test") in m["text"]


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


def stamp(text):
    whole, fraction = text.removeprefix("!!timestamp ").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S")) + float("0." + fraction)


def test_whole_addresses_where_they_are_wanted(server, start, tmp_path):
    with Capture(tmp_path) as capture:
        options = {"dnstap-client-addresses": True, "record": ["a.tap.test A 192.0.2.1"]}
        fwd = tapped(start, server, capture.path, options)
        with fwd.udp_socket("127.1.2.3") as s:
            s.send(wire.query("a.tap.test"))
            s.recv(4096)
            port = s.getsockname()[1]
        fwd.stop()
        messages = capture.messages()
    assert [m["type"] for m in messages] == ["CLIENT_QUERY", "CLIENT_RESPONSE"]
    assert all(m["query_address"] == '"127.1.2.3"' and int(m["query_port"]) == port for m in messages)


def test_several_workers(server, start, tmp_path):
    with Capture(tmp_path) as capture:
        fwd = tapped(start, server, capture.path, {"workers": 3})
        for i in range(60):
            fwd.ask(f"w{i}.tap.test")
        fwd.stop()
        lines = capture.lines()
    for kind in ("CQ", "CR", "FQ", "FR"):
        assert sorted(line.name for line in lines if line.kind == kind) == sorted(f"w{i}.tap.test" for i in range(60))


def test_nobody_reads(server, start, tmp_path):
    """Nothing is copied, nothing is counted as lost, and whoever comes later is found."""
    path = tmp_path / "tap.sock"
    fwd = start(server, {"dnstap": str(path)}, command=[str(TAPPED)])
    for i in range(50):
        fwd.ask(f"n{i}.test")
    assert fwd.stats()["bound_dnstap"] == 0 and "dnstap:" not in fwd.log_text()
    with Capture(tmp_path) as capture:
        fwd.wait_log("dnstap: messages go to")
        fwd.ask("later.tap.test")
        fwd.stop()
        assert {line.name for line in capture.lines()} == {"later.tap.test"}


def test_a_reader_that_goes(server, start, tmp_path):
    with Capture(tmp_path) as capture:
        fwd = tapped(start, server, capture.path)
        fwd.ask("before.test")
    os.unlink(capture.path)
    wait_for(lambda: fwd.ask("while.test") and "nobody reads" in fwd.log_text(), what="a word about it")
    since = len(fwd.log())
    with Capture(tmp_path) as capture:
        fwd.wait_log("dnstap: messages go to", since)
        fwd.ask("again.tap.test")
        fwd.stop()
        assert capture.lines()[-1].name == "again.tap.test"


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path / "tap.sock")
    reader.path = tmp_path / "tap.sock"
    yield reader
    reader.close()


def test_a_reader_that_stops_reading(server, start, reader):
    """Every query is answered; what does not fit the queue is dropped and counted, and memory stays bounded."""
    fwd = tapped(start, server, reader.path, {"cache-size": "1M"})
    fwd.ask("warm.test")
    reader.reading.clear()
    before = fwd.rss()
    result = load(fwd, 20000, window=100, name=lambda i: f"n{i % 50}.test")
    assert not result.failed and not result.lost and not result.wrong
    lost = fwd.stats()["bound_dnstap"]
    assert lost > 0 or "nobody reads" in fwd.log_text()
    assert fwd.rss() - before < (64 if SANITIZED else 16) << 20
    assert addresses(fwd.ask("after.test")) == [expected_a("after.test")]


@pytest.mark.clock
def test_the_end_does_not_wait_for_a_reader(server, start, reader):
    fwd = tapped(start, server, reader.path, {"cache-size": "1M"})
    fwd.ask("warm.test")
    reader.reading.clear()
    load(fwd, 5000, window=100, name=lambda i: f"n{i % 50}.test")
    begin = time.monotonic()
    fwd.stop()
    assert time.monotonic() - begin < 10


def test_options():
    common = 'forward=["tls://127.0.0.1:1#x.test"]\nlisten=["127.0.0.1:0"]\ncontrol=""\nstate-dir=""\n'
    done = run("-c", "/dev/stdin", binary=TAPPED, input=common + 'dnstap="tap.sock"\n')
    assert done.returncode == 1 and "the path of a Unix socket is wanted" in done.stderr
    done = run("-c", "/dev/stdin", input=common + 'dnstap="/tap.sock"\n')
    assert done.returncode == 1 and "make DNSTAP=1" in done.stderr
