"""Block lists: what is said of their names, exceptions, counters, and what a million of them costs."""

import time

import pytest
import wire
from conftest import addresses
from load import load
from testserver import expected_a

HOSTS = "127.0.0.1 localhost\n0.0.0.0 host.example # why\n"
PLAIN = "ads.example\n||tracker.example^\n"
RPZ = (
    "$TTL 300\n$ORIGIN rpz.test.\n@ SOA a. b. 1 2 3 4 5\n@ NS localhost.\n"
    "exact.example CNAME .\n*.below.example CNAME *.\nfine.ads.example CNAME rpz-passthru.\n"
)


@pytest.fixture
def lists(tmp_path):
    """The files, in the syntax each."""
    paths = []
    for name, text in (("hosts", HOSTS), ("plain", PLAIN), ("rpz", RPZ)):
        path = tmp_path / name
        path.write_text(text)
        paths.append(str(path))
    return paths


def reason(reply):
    return [code for code, _ in wire.edes(reply)]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("mode", ["nxdomain", "nodata", "null"])
def test_answers(server, start, lists, mode, transport):
    """Each with EDE 15 and something to cache; nobody upstream is asked."""
    fwd = start(server, {"block": lists, "block-answer": mode})
    for rrtype in ("A", "AAAA", "HTTPS"):
        reply = fwd.ask("www.ads.example", rrtype, transport)
        assert reason(reply) == [15]
        assert reply.rcode() == (3 if mode == "nxdomain" else 0)
        if mode == "null" and rrtype != "HTTPS":
            assert addresses(reply) == ["0.0.0.0" if rrtype == "A" else "::"]
        else:
            assert not reply.answer and reply.authority[0].rdtype == wire.SOA
    assert fwd.ask("www.ads.example", use_edns=-1, transport=transport).edns < 0
    assert server.queries() == []


def test_syntaxes(server, start, lists):
    fwd = start(server, {"block": lists})
    blocked = ["host.example", "ads.example", "x.ads.example", "a.b.tracker.example", "exact.example"]
    blocked += ["x.below.example", "ADS.Example"]
    passed = ["x.host.example", "x.exact.example", "below.example", "fine.ads.example", "example", "xads.example"]
    for name in blocked:
        assert reason(fwd.ask(name)) == [15], name
    for name in passed:
        assert addresses(fwd.ask(name)) == [expected_a(name)], name
    assert len(server.queries()) == len(passed)
    # Counted, and by list.
    assert fwd.stats()["blocked"] == len(blocked)
    counts = [fwd.wait_log(rf"statistics: block list {path}: (\d+) replies")[1] for path in lists]
    assert counts == ["1", "4", "2"]


def test_exceptions(server, start, lists):
    """They win, and so does a record of one's own."""
    options = {"block": lists, "block-except": ["ok.ads.example"], "record": ["mine.ads.example A 10.0.0.1"]}
    fwd = start(server, options)
    for name in ("ok.ads.example", "deep.ok.ads.example"):
        assert addresses(fwd.ask(name)) == [expected_a(name)]
    assert addresses(fwd.ask("mine.ads.example")) == ["10.0.0.1"]
    assert reason(fwd.ask("other.ads.example")) == [15]


def test_bad_lines(server, start, tmp_path):
    """A web page in the place of a list: told once, and everything works."""
    path = tmp_path / "list"
    path.write_text("<!DOCTYPE html>\n<html>\n" + "<p>x</p>\n" * 1000 + "ads.example\n")
    fwd = start(server, {"block": [str(path), str(tmp_path / "none")]})
    fwd.wait_log(rf"warning {path}:1: .*one of 1002 such lines")
    fwd.wait_log(rf"warning block list {tmp_path}/none cannot be read: No such file")
    assert sum(" warning " in line for line in fwd.log()) == 2
    assert reason(fwd.ask("ads.example")) == [15]
    assert addresses(fwd.ask("other.example")) == [expected_a("other.example")]


def million(path, count=1_000_000):
    with open(path, "w") as out:
        for i in range(count):
            out.write(f"tracker-{i}.site{i % 9973}.example.com\n")


@pytest.mark.long
def test_a_million_names(server, start, tmp_path):
    """In 40 MB, found and told apart; the load is told in the log."""
    path = tmp_path / "million"
    million(path)
    before = start(server).rss()
    fwd = start(server, {"block": [str(path)]})
    fwd.wait_log(r"blocking by 1000000 entries")
    print(fwd.wait_log(r"blocking by 1000000 entries: .*")[0], (fwd.rss() - before) / 1e6, "MB")
    if b"__asan_init" not in open(f"/proc/{fwd.pid}/exe", "rb").read():
        assert fwd.rss() - before < 40e6
    for i in (0, 1, 4711, 999_999):
        assert reason(fwd.ask(f"www.tracker-{i}.site{i % 9973}.example.com")) == [15]
        name = f"tracker-{i}.site{(i + 1) % 9973}.example.com"
        assert addresses(fwd.ask(name)) == [expected_a(name)]
    begin = time.monotonic()
    load(fwd, 5000, window=200).check()
    print(f"{5000 / (time.monotonic() - begin):.0f} queries/s")
