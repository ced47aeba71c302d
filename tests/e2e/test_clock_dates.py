"""A clock that is not set, and one that steps: dates of certificates go by it, nothing else does (F16, F17; design 9, Clock)."""

import itertools
import re
import time

import pytest
import wire
from clockfile import ClockFile
from conftest import addresses, warm
from daemon import Dnsfwd
from load import load
from pki import now
from reach import During, comes_back, fails, fresh
from testserver import expected_a, wait_for

pytestmark = pytest.mark.clock

YEAR = 365 * 86400
SET = 5.0  # seconds until the first answer after the clock was set
NOT_SET = r"warning the clock says 19(69|70)-\S+ \S+, before dnsfwd was built: it is not set; until it is, "
REFUSED = r"certificate refused: .*not valid before .*, and the clock is not set: now is taken to be "


@pytest.fixture
def clock(tmp_path):
    """At a machine that has just been started without a battery."""
    clock = ClockFile(tmp_path)
    clock.set_wall(100)
    return clock


@pytest.fixture
def issued(server, pki):
    """issued(dates): the server has a certificate of these dates; returns the bundle to trust."""

    def begin(**dates):
        root = pki.root
        leaf = root.leaf("resolver.test", dates=(dates["since"], dates["until"]))
        server.load_cert(pki.serve(leaf, root))
        return {"tls-cert-bundle": pki.bundle(root)}

    before = server.certs
    yield begin
    server.load_cert(before)


def check(fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)]


# -- at the start -----------------------------------------------------------------------------


def test_certificate_older_than_the_build(server, start, issued, clock):
    """Judged as of the build it is good: no need to wait for the clock."""
    fwd = start(server, issued(since=now(days=-9), until=now(days=300)), clock=clock)
    check(fwd, "a.test")
    fwd.wait_log(NOT_SET + r"certificates are judged as of \S+ \S+ \(when dnsfwd was built\)")


def test_certificate_newer_than_the_build(server, start, clock):
    """It fails closed, says so once, and answers as soon as the clock is set."""
    fwd = start(server, {"query-timeout": "2s"}, clock=clock)
    for i in range(3):
        fails(fwd, f"early{i}.test", codes=(22, 23))
    assert server.stat("queries") == 0
    fwd.stats()  # behind it, all lines before are here
    refused = [line for line in fwd.log() if re.search(REFUSED, line)]
    assert len(refused) == 1 and len([line for line in fwd.log() if re.search(NOT_SET, line)]) == 1, fwd.log_text()
    (code, text), = wire.edes(fwd.ask("why.test"))
    assert code == 22 and "the clock is not set" in text
    clock.set_wall(time.time())
    comes_back(fwd, "set.test", "clock set: first answer", SET)
    fwd.wait_log(r"info the clock was set, by \+\d{8,} s, and says 20")


def test_clock_set_under_load(server, start, clock):
    """Who waits as it is set is answered."""
    fwd = start(server, {"query-timeout": "4s"}, clock=clock)
    steps = During(time.monotonic, (1.0, lambda: clock.set_wall(time.time())))
    result = load(fwd, 60, window=60, rate=30, name=fresh(), each_turn=steps)
    assert steps.done()
    result.check()


def test_expired_certificate_is_no_good_in_1970(server, start, issued, clock):
    fwd = start(server, {"query-timeout": "1s", **issued(since=now(days=-300), until=now(days=-5))}, clock=clock)
    fails(fwd, "expired.test", codes=(22, 23))
    assert server.stat("queries") == 0


# -- what is kept ------------------------------------------------------------------------------


def test_proven_time_is_kept(server, start, tmp_path):
    """One good day, and after a power cut the next start finds a date that certificates can be judged by."""
    folder = tmp_path / "state"
    folder.mkdir()
    clock, options = ClockFile(tmp_path), {"state-dir": str(folder), "query-timeout": "2s"}
    first = warm(Dnsfwd(server, options, clock=clock))
    text = wait_for(lambda: (folder / "clock").exists() and (folder / "clock").read_text(), what="the file")
    proven = int(re.fullmatch(r"dnsfwd-clock 1 (\d+)\n", text)[1])
    assert abs(proven - time.time()) < 120
    first.kill()
    clock.set_wall(5)
    again = start(server, options, clock=clock)
    check(again, "a.test")
    again.wait_log(NOT_SET + r"certificates are judged as of .* \(the last time that was proven\)")
    assert (folder / "clock").read_text() == text, "an assumed date proves nothing"


def test_nothing_is_proven_by_a_clock_that_is_not_set(server, start, issued, clock, tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    options = {"state-dir": str(folder), **issued(since=now(days=-9), until=now(days=300))}
    fwd = start(server, options, clock=clock)
    check(fwd, "a.test")
    server.closeall("rst")
    check(fwd, "b.test")
    fwd.stats()  # behind it, a proof has come to whoever writes the file
    assert not (folder / "clock").exists()


def test_damaged_file(server, start, tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "clock").write_text("dnsfwd-clock 1 17900")
    fwd = warm(start(server, {"state-dir": str(folder)}))
    fwd.wait_log(r"warning \S+/clock: damaged; it is written anew")
    wait_for(lambda: re.fullmatch(r"dnsfwd-clock 1 \d+\n", (folder / "clock").read_text()), what="a new one")


# -- steps -------------------------------------------------------------------------------------


def test_assumed_date_is_verified_once_the_clock_is_set(server, start, issued, clock):
    """Connections whose certificate was judged by the day of the build are made anew."""
    fwd = start(server, issued(since=now(days=-9), until=now(days=300)), clock=clock)
    check(fwd, "a.test")
    before = server.stats()
    clock.set_wall(time.time())
    fwd.wait_log("info the clock was set")
    check(fwd, "b.test")
    after = wait_for(lambda: (s := server.stats())["handshakes"] > before["handshakes"] and s, what="a new handshake")
    assert after["resumed"] == before["resumed"]
    # Once.
    clock.step(3600)
    check(fwd, "c.test")
    clock.step(-3600)
    check(fwd, "d.test")
    assert server.stat("handshakes") == after["handshakes"]


def test_expired_by_the_true_date(server, start, issued, clock):
    """It was good when dnsfwd was built, as far as a clock in 1970 could tell."""
    good = issued(since=now(days=-9), until=now(hours=1))
    fwd = start(server, {"query-timeout": "1s", **good}, clock=clock)
    check(fwd, "a.test")
    clock.set_wall(time.time() + 2 * 3600)
    fwd.wait_log("info the clock was set")
    name = fresh()  # a worker hears of it on its next turn: until then its connection serves
    wait_for(lambda i=itertools.count(): fwd.ask(name(next(i))).rcode() == wire.SERVFAIL, what="a refusal")
    fails(fwd, "b.test", codes=(22, 23))
    fwd.wait_log(r"certificate refused: expired on .*, now is ")


@pytest.mark.parametrize("seconds", [10 * YEAR, -10 * YEAR, 3600, -3600])
def test_step_while_serving(server, start, tmp_path, seconds):
    """F17: TTLs, deadlines and connections go on as if nothing had happened."""
    clock = ClockFile(tmp_path)
    fwd = warm(start(server, {"cache-size": "1M", "query-timeout": "4s"}, clock=clock))
    ttl = fwd.ask("kept.test").answer[0].ttl
    steps = During(time.monotonic, (0.4, lambda: clock.step(seconds)), (0.9, lambda: clock.step(-seconds)))
    result = load(fwd, 80, window=40, rate=60, name=fresh(), each_turn=steps)
    assert steps.done()
    result.check()
    assert ttl - fwd.ask("kept.test").answer[0].ttl <= 20
    assert server.count("kept.test") == 1
    clock.step(seconds)
    check(fwd, "after.test")
    assert ttl - fwd.ask("kept.test").answer[0].ttl <= 20
    stats = fwd.stats()
    assert stats["connects"] == 1 and stats["timeouts"] == 0 and stats["epoch"] == 1


def test_wrong_date_is_put_right(server, start, tmp_path):
    """Ten years ahead every certificate has expired; set back, the next query is answered."""
    clock = ClockFile(tmp_path)
    clock.step(10 * YEAR)
    fwd = start(server, {"query-timeout": "2s"}, clock=clock)
    fails(fwd, "future.test", codes=(22, 23))
    clock.step(-10 * YEAR)
    comes_back(fwd, "present.test", "date put right: first answer", SET)
