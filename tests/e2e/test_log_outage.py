"""An hour of outage while clients ask all the time: a line per upstream and minute at most, and a few."""

import collections

import pytest
import wire

STEP = 5  # seconds between queries, of the program's own clock
HOUR = 3600
UPSTREAMS = 2
A_FEW = 40  # start, sandbox, the bursts of all limits (log_limit.h)


def refused(servers, step):
    if step == 0:
        for s in servers:
            s.listen(False)
            s.closeall("rst")


def silent(servers, step):
    if step == 0:
        for s in servers:
            s.mute()


def unaccepted(servers, step):
    """A SYN is answered, a ClientHello is not."""
    if step == 0:
        for s in servers:
            s.rule("stall")
            s.closeall("rst")


def flapping(servers, step):
    """Each is there and gone again, in turn: the worst that a path can do to a log."""
    for n, s in enumerate(servers):
        up = (step + n) % 2 == 0
        s.listen(up)
        if not up:
            s.closeall("rst")


def changing(servers, step):
    """Each attempt fails in another way."""
    how = ("fin", "rst", "alert", "notify")[step % 4]
    for s in servers:
        s.clear_rules()
        s.rule(f"refuse={how}")
        s.closeall("rst")


def erring(servers, step):
    """Session by session there are other errors, cookies that are wrong among them."""
    rule = ("rcode=SERVFAIL", "cookie=wrong", "cookie=none", "good", "rcode=23", "none")[step % 6]
    for n, s in enumerate(servers):
        s.clear_rules()
        s.rule(rule if n == 0 else "good")
        if step % 6 == 5:
            s.closeall("rst")


def answers(client, clock, count):
    """Time passes until so many have come: how much.  A query may be read only after a jump."""
    passed = 0
    while count > 0:
        clock.run(STEP)
        passed += STEP
        try:
            while count > 0:
                client.recv(4096)
                count -= 1
        except TimeoutError:
            assert passed < HOUR, "no answer"
    return passed


@pytest.mark.parametrize("way", [refused, silent, unaccepted, flapping, changing, erring])
@pytest.mark.clock
def test_lines_of_an_hour(start_server, start, clock, way):
    servers = [start_server() for _ in range(UPSTREAMS)]
    for s in servers:
        s.cookies("on")
    fwd = start(servers, {"query-timeout": "4s", "control": True}, clock=clock)
    for n in range(4):
        fwd.ask(f"before{n}.test")
    asked = passed = 0
    with fwd.udp_socket() as client:
        client.settimeout(0.05)
        while passed < HOUR:
            way(servers, passed // STEP)
            for n in range(2):
                client.send(wire.query(f"o{asked}.test", id=asked % 65536))
                asked += 1
            passed += answers(client, clock, 2)
    figures = fwd.stats()
    assert figures["log_dropped"] == 0
    told = [line for line in fwd.log() if " statistics:" not in line and "figures of" not in line]
    kinds = collections.Counter(" ".join(line.split()[1:6]) for line in told)
    assert len(told) <= UPSTREAMS * passed // 60 + A_FEW, kinds.most_common(12)
    assert any("upstream " in line for line in told), "something was told"
