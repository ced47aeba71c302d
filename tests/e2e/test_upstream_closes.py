"""A server that closes connections costs no query, however often it does (F01, F02)."""

import threading

import pytest
import wire
from daemon import SANITIZED
from load import load

HOWS = ["fin", "rst", "notify", "alert"]


@pytest.mark.parametrize("after", [1, 2, 10, 100])
@pytest.mark.parametrize("how", HOWS)
def test_closes_after_n_answers(server, start, after, how):
    server.rule(f"answers={after}:{how}")
    fwd = start(server)
    load(fwd, 300, window=50, rate=300 if SANITIZED else 600).check()
    assert server.stat("connections") >= 300 // after // 2


@pytest.mark.long
@pytest.mark.parametrize("after", [1, 2, 10, 100])
def test_closes_after_n_answers_for_long(start_server, start, after):
    """F01: 200 q/s, none lost, no SERVFAIL."""
    server = start_server(rules=[f"answers={after}:fin"])
    fwd = start(server)
    load(fwd, 20000, window=100, rate=200).check()
    assert fwd.stats()["replies_servfail"] == 0


@pytest.mark.parametrize("how", HOWS)
def test_closes_at_the_nth_query(server, start, how):
    """With the query in hand and unanswered."""
    server.rule(f"queries=10:{how}")
    fwd = start(server)
    load(fwd, 300, window=10, rate=300).check()


@pytest.mark.parametrize("burst", [2, 10, 50])
def test_one_answer_a_connection_and_a_burst(server, start, burst):
    """The connections that this takes are made within the deadline."""
    server.rule("answers=1:fin")
    fwd = start(server)
    load(fwd, burst, window=burst).check()


@pytest.mark.parametrize("seconds", [4, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_closes_every_second(start_server, start, seconds, how):
    """F02: 500 q/s while every connection lives one second."""
    server = start_server(rules=[f"life=1000:{how}"])
    fwd = start(server)
    load(fwd, 500 * seconds, window=200, rate=500).check()
    assert server.stat("connections") >= seconds - 1


def test_all_connections_closed_under_load(fwd, server):
    """With queries on their way and answers held back; each connection has answered something."""
    server.rule("delay=5-30")
    stop = threading.Event()

    def close():
        for how in ("fin", "rst", "notify", "alert") * 4:
            before = server.stat("answers")
            while server.stat("answers") < before + 60 and not stop.is_set():
                pass
            server.closeall(how)

    closer = threading.Thread(target=close)
    closer.start()
    try:
        load(fwd, 3000, window=100, rate=1500).check()
        assert server.stat("connections") >= 10
    finally:
        stop.set()
        closer.join()


def test_a_closed_idle_connection_is_no_news_to_clients(fwd, server):
    for how in ("fin", "rst", "notify", "alert"):
        for i in range(5):
            server.closeall(how)
            assert fwd.ask(f"i{i}.{how}.idle.test").rcode() == wire.NOERROR


@pytest.mark.parametrize("units", [0, 1, 5])
def test_keepalive_of_the_server_is_heeded(start_server, start, units):
    """RFC 7828: we close first; 0 means after this answer."""
    server = start_server()
    server.keepalive(units)
    fwd = start(server)
    for i in range(3):
        assert fwd.ask(f"k{i}.test").rcode() == wire.NOERROR
        server.wait_stat("closed_by_peer", i + 1)
    assert server.stat("closed_by_us") == 0
