"""Start and end, signals, descriptors that run out, and a server that comes later."""

import os
import resource
import select
import signal
import time

import pytest
import wire
from conftest import addresses, warm
from load import load
from machine import Stopwatch
from testserver import expected_a, wait_for

# -- the end ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.clock
def test_queries_in_flight_are_answered(server, start, number):
    fwd = warm(start(server))
    server.reset()  # what is counted is what is in flight: one that is not read yet is not taken any more
    server.rule("name=*.drain.test delay=700")
    with fwd.udp_socket() as s, fwd.tcp() as stream:
        for i in range(50):
            s.send(wire.query(f"u{i}.drain.test", id=i))
            stream.send(wire.query(f"t{i}.drain.test", id=i))
        server.wait_stat("queries", 100)
        watch = Stopwatch()
        os.kill(fwd.pid, number)
        udp = [s.recv(4096) for _ in range(50)]
        tcp = stream.receive_all()
    assert sorted(map(wire.id_of, udp)) == sorted(map(wire.id_of, tcp)) == list(range(50))
    assert {wire.rcode_of(r) for r in udp + tcp} == {wire.NOERROR}
    assert fwd.wait_end() == 0
    assert watch.own() < 10
    assert "stopping on " + ("SIGTERM" if number == signal.SIGTERM else "SIGINT") in fwd.log_text()


def test_drain_has_an_end(server, start):
    """Two seconds; whoever waits longer waits in vain."""
    fwd = warm(start(server))
    server.mute()
    with fwd.udp_socket() as s:
        s.send(wire.query("mute.test"))
        server.wait_stat("queries", 2)
        begin, watch = time.monotonic(), Stopwatch()
        fwd.process.terminate()
        assert fwd.wait_end() == 0
        assert 1.5 < time.monotonic() - begin and watch.own() < 10


def test_idle_clients_do_not_hold_the_end_up(server, start):
    fwd = warm(start(server))
    streams = [fwd.tcp() for _ in range(20)]
    streams[0].send(wire.probe())
    streams[0].receive()
    streams[1].write(b"\0")
    watch = Stopwatch()
    fwd.process.terminate()
    assert fwd.wait_end() == 0
    assert watch.own() < 10
    for stream in streams:
        stream.socket.close()


def test_sigterm_under_load(server, start):
    fwd = warm(start(server))
    told = []

    def stop():
        if server.stat("queries") > 1000 and not told:
            told.append(time.monotonic())
            fwd.process.terminate()

    result = load(fwd, 2000, window=50, rate=4000, timeout=3, each_turn=stop)
    assert told and not result.wrong and set(result.failed) <= {wire.SERVFAIL}
    assert fwd.wait_end() == 0


def test_sigterm_before_anything_was_asked(server, start):
    fwd = start(server)
    fwd.process.terminate()
    assert fwd.wait_end() == 0
    assert not server.queries(), "nothing is asked without a client"


def test_second_sigterm_while_draining(server, start):
    fwd = warm(start(server))
    server.mute()
    with fwd.udp_socket() as s:
        s.send(wire.query("mute.test"))
        server.wait_stat("queries", 2)
        fwd.process.terminate()
        fwd.wait_log("stopping on")
        fwd.process.terminate()
        assert fwd.wait_end() in (0, -15)
    fwd.process.returncode = 0


def test_kill_and_start_again_on_the_same_port(server, start):
    """The port is free at once, also with clients connected."""
    first = warm(start(server))
    streams = [first.tcp() for _ in range(5)]
    for stream in streams:
        stream.send(wire.query("before.test"))
        stream.receive()
    port = first.port
    first.process.kill()
    first.wait_end()
    second = start(server, {"port": port})
    assert addresses(second.ask("again.test", transport="tcp")) == [expected_a("again.test")]
    first.process.returncode = 0
    for stream in streams:
        stream.socket.close()


# -- other signals ----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
def test_signals_cost_no_query(server, start, number):
    fwd = warm(start(server))
    load(fwd, 1000, window=20, rate=2000, each_turn=lambda: os.kill(fwd.pid, number)).check()
    assert fwd.alive()
    if number == signal.SIGHUP:
        fwd.wait_log("reloaded: 0 options changed")


# -- descriptors (F22) -------------------------------------------------------------------


def use_up_descriptors(fwd, left):
    """From now on it may open only so many more; returns what gives them back."""
    hard = resource.prlimit(fwd.pid, resource.RLIMIT_NOFILE)[1]
    limit = max(map(int, os.listdir(f"/proc/{fwd.pid}/fd"))) + 1 + left
    resource.prlimit(fwd.pid, resource.RLIMIT_NOFILE, (limit, hard))
    return lambda: resource.prlimit(fwd.pid, resource.RLIMIT_NOFILE, (hard, hard))


@pytest.mark.parametrize("left", [0, 10])
@pytest.mark.clock
def test_no_descriptor_left(server, start, left):
    """Accepting pauses without spinning, UDP goes on, and all is well when there are some again."""
    fwd = warm(start(server))
    give_back = use_up_descriptors(fwd, left)
    server.rule("name=busy.test delay=10000")  # longer than it takes to make them all busy
    streams = []
    for _ in range(left + 30):
        streams.append(fwd.tcp())
        streams[-1].send(wire.query("busy.test"))
        for _ in range(3):
            fwd.ask_wire(wire.probe())  # turns of the loop: it has been read, so it is busy and makes no room
    fwd.wait_log("accepting TCP clients pauses: no descriptor left")
    before, begin = fwd.cpu(), time.monotonic()
    load(fwd, 200, window=5, rate=100).check()
    used = (fwd.cpu() - before) / (time.monotonic() - begin)
    assert used < 0.5, f"{used:.0%} of a core while nothing can be accepted"
    assert len([line for line in fwd.log() if "accepting TCP clients pauses" in line]) == 1
    give_back()
    for stream in streams:
        assert addresses(wire.parse(stream.receive())) == [expected_a("busy.test")]
        stream.socket.close()
    assert addresses(fwd.ask("after.test", transport="tcp")) == [expected_a("after.test")]
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0)
    assert fwd.stats()["bound_descriptors"] > 0


def test_idle_clients_make_room_where_descriptors_end(server, start):
    fwd = warm(start(server))
    use_up_descriptors(fwd, 5)
    streams = [fwd.tcp() for _ in range(50)]
    assert addresses(fwd.ask("new.test", transport="tcp")) == [expected_a("new.test")]
    load(fwd, 100, window=10).check()
    for stream in streams:
        stream.socket.close()


@pytest.mark.parametrize("limit", [32, 40, 64])
def test_few_descriptors_from_the_start(server, start, limit):
    """F22: clients can't take what a new connection to the server needs."""
    fwd = warm(start(server, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))))
    streams = [fwd.tcp() for _ in range(100)]
    load(fwd, 100, window=10).check()
    for i in range(3):
        server.closeall()
        assert addresses(fwd.ask(f"reconnect{i}.test")) == [expected_a(f"reconnect{i}.test")]
    assert addresses(fwd.ask("tcp.test", transport="tcp")) == [expected_a("tcp.test")]
    for stream in streams:
        stream.socket.close()


def test_idle_costs_nothing(server, start):
    """No client, no work: no timer that ticks."""
    fwd = warm(start(server))
    before = fwd.cpu()
    select.select([], [], [], 1.0)  # the time that is measured
    assert fwd.cpu() - before < 0.1


# -- a server that is not there -------------------------------------------------------------


@pytest.mark.clock
def test_server_down_at_start_then_up(start_server, start):
    """SERVFAIL with the reason while it is down, answers without a restart when it comes."""
    server = start_server()
    server.listen(False)
    fwd = start(server, {"query-timeout": "500ms"})
    for _ in range(3):
        reply = fwd.ask("down.test")
        assert reply.rcode() == wire.SERVFAIL
        ((code, text),) = wire.edes(reply)
        assert code == 22 and "refused" in text.lower() and "TCP" in text
    fwd.wait_log("(?i)warning upstream .*refused")
    server.listen()
    watch = Stopwatch()
    warm(fwd)
    assert watch.own() < 10
    fwd.wait_log(r"info upstream .*: up again after [\d.]+ s and \d+ fail")
    assert len([line for line in fwd.log() if "warning" in line]) == 1


def test_server_that_goes_and_comes(server, start):
    fwd = warm(start(server, {"query-timeout": "1s"}))
    for i in range(3):
        server.listen(False)
        server.closeall("rst")
        assert fwd.ask(f"down{i}.test").rcode() == wire.SERVFAIL
        server.listen()
        watch = Stopwatch()
        warm(fwd)
        assert watch.own() < 10


def test_short_outage_costs_no_query(server, start):
    """Queries wait for the next connection as long as their deadline allows."""
    fwd = warm(start(server))
    server.listen(False)
    server.closeall("rst")
    with fwd.udp_socket() as s:
        for i in range(100):
            s.send(wire.query(f"w{i}.wait.test", id=i))
        fwd.wait_log("warning upstream")
        server.listen()
        replies = [s.recv(4096) for _ in range(100)]
    assert {wire.rcode_of(r) for r in replies} == {wire.NOERROR}


@pytest.mark.parametrize("how", ["refuse", "refuse=rst", "stall", "garbage=100:fin", "plaintext", "handshake"])
def test_server_that_does_not_speak_tls(start_server, start, how):
    """No question in clear, a bounded number of attempts (A52), and recovery when it does."""
    server = start_server(rules=[how])
    fwd = start(server, {"query-timeout": "1s"})
    result = load(fwd, 100, window=100, rate=200)
    assert result.failed == {wire.SERVFAIL: 100} and not result.lost
    assert server.stat("connections") <= 20 * (1 + int(result.seconds) // 10) and server.stat("queries") == 0
    reply = fwd.ask("why.test")
    assert wire.edes(reply)[0][0] in (14, 22, 23) and wire.edes(reply)[0][1]
    server.clear_rules()
    server.closeall("rst")
    wait_for(lambda: fwd.ask("good.test").rcode() == 0, 30, "an answer after the fault is gone")


def test_outage_is_told_once(start_server, start):
    server = start_server()
    server.listen(False)
    fwd = start(server, {"query-timeout": "300ms"})
    before = fwd.cpu()
    result = load(fwd, 300, window=100, rate=200)
    assert result.failed == {wire.SERVFAIL: 300}
    assert len([line for line in fwd.log() if " warning " in line]) == 1
    assert fwd.cpu() - before < 1
