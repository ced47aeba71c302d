"""Time that passes for dnsfwd alone: TTLs, deadlines and idle limits go by the clock that suits them."""

import machine
import wire
from conftest import warm
from daemon import BINARY
from testserver import expected_a

CACHE = {"cache-size": "1M"}


def ttl(reply):
    return reply.answer[0].ttl


def test_released_program_has_no_test_clock():
    assert b"DNSFWD_TESTCLOCK" not in BINARY.read_bytes()


def test_ttl_passes_while_it_runs_and_while_the_machine_sleeps(server, start, clock):
    fwd = start(server, CACHE, clock=clock)
    begin = ttl(fwd.ask("a.test"))
    for pass_time in (clock.run, clock.sleep):
        before = ttl(fwd.ask("a.test"))
        pass_time(100)
        assert 100 <= before - ttl(fwd.ask("a.test")) <= 100 + 20, "the cache's clock"
    assert server.count("a.test") == 1
    clock.sleep(begin)
    assert ttl(fwd.ask("a.test")) > begin - 20, "it is old, and was asked for again"
    assert server.count("a.test") == 2


def test_wall_clock_changes_nothing(server, start, clock):
    fwd = warm(start(server, CACHE, clock=clock))
    begin = ttl(fwd.ask("a.test"))
    for years in (10, -20, 10):
        clock.step(years * 365 * 86400)
        assert begin - ttl(fwd.ask("a.test")) <= 20
        assert fwd.ask(f"b{years}.test").answer[0][0].address == expected_a(f"b{years}.test")
    for hours in (1, -2, 1):
        clock.step(hours * 3600)
        assert begin - ttl(fwd.ask("a.test")) <= 20
    assert server.count("a.test") == 1
    assert fwd.stats()["connects"] == 1


def test_deadline_passes_in_a_moment(server, start, clock):
    fwd = warm(start(server, {"query-timeout": "60s"}, clock=clock))
    server.mute()
    watch = machine.Stopwatch()
    with fwd.udp_socket() as client:
        client.send(wire.query("late.test"))
        server.wait_stat("queries", 2)
        clock.run(61)
        reply = client.recv(4096)
    assert wire.rcode_of(reply) == wire.SERVFAIL
    assert watch.own() < 30
