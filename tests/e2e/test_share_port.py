"""One dnsfwd takes the place of another on the same port, and no query is lost in between."""

import signal

from daemon import Dnsfwd
from judges import free_port
from load import load


def options(port, share=True):
    return {"listen": [f"127.0.0.1:{port}"], "share-port": share, "query-timeout": "4s"}


def test_one_takes_the_place_of_another(server):
    """A rolling update, eight times under load: the new one is ready, then the old one is told to go."""
    port, every, rounds = free_port(), 500, 8
    running = [Dnsfwd(server, options(port))]
    first, replaced, asked = running[0], 0, 0

    def name(i):
        nonlocal asked
        asked = i
        return f"q{i}.share.test"

    def replace():
        nonlocal replaced
        if replaced == rounds or asked < every * (replaced + 1):
            return
        replaced += 1
        old = running[-1]
        running.append(Dnsfwd(server, options(port)))
        old.process.send_signal(signal.SIGTERM)

    try:
        server.rule("name=*.share.test delay=20")
        load(first, every * (rounds + 1), rate=1000, pipes=32, name=name, each_turn=replace).check()
        assert replaced == rounds
        for old in running[:-1]:
            assert old.wait_end() == 0
        assert running[-1].alive()
    finally:
        for fwd in running:
            fwd.end()


def test_a_second_one_by_mistake_is_refused(server, start):
    """Only where both say so."""
    port = free_port()
    start(server, options(port))
    second = Dnsfwd(server, options(port, share=False), wait=False)
    try:
        assert second.wait_end() == 2
        assert f"cannot listen on 127.0.0.1:{port}" in second.log_text()
    finally:
        second.end()
