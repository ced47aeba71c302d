"""Queries that run in circles through somebody else (A51): few sends, little work, a reason, and all else is answered.

Where an upstream is dnsfwd itself that is seen at the start (test_bootstrap.py); here nobody can see it.  What ends the
circle is that an equal question that comes while one is under way waits for its answer.  It is named where that cannot
be anything else: from an address of the very upstream that was asked, on another machine.
"""

import time

import pytest
import wire
from conftest import addresses
from daemon import SANITIZED, Dnsfwd
from judges import Dnsdist
from load import load
from netns import Network
from ports import free_port
from reach import cpu_share, fresh
from testserver import expected_a, wait_for

pytestmark = pytest.mark.clock

SENDS = 3  # of one query; half as many again where one is done with it before the other
CPU = 0.2 if SANITIZED else 0.05


def circle(fwd, below, beside=(), ends=True):
    """40 questions that nobody answers, 10 a second; what it cost each of those who pass them on."""
    all_of = [fwd, *beside]
    before = [f.stats() for f in all_of]
    number = fresh("circle")
    result = None

    def ask():
        nonlocal result
        result = load(fwd, 40, window=40, rate=10, name=lambda i: f"{number(i)[:-5]}.{below}")

    used = cpu_share(fwd, ask)
    assert not result.lost and not result.wrong and result.failed == {wire.SERVFAIL: 40}
    for f, then in zip(all_of, before):
        now = f.stats()
        sent, came = (now[k] - then[k] for k in ("upstream_queries", "queries_udp"))
        print(f"\n  {sent} sends and {came} queries for 40 questions; {used:.1%} of a processor")
        assert sent <= 1.5 * SENDS * 40 and came <= 1.5 * SENDS * 40 + 40
    assert {wire.edes(wire.parse(m))[0][0] for _, m in result.failures} <= {22, 23}
    assert used < CPU
    for f in all_of if ends else []:  # nothing goes round for ever
        wait_for(lambda: f.stats()["queries_inflight"] == 0, 10, "the end of the circle")  # noqa: B023


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_two_that_ask_each_other(server, start, scheme):
    """Zones that point at each other."""
    ports = [free_port(), free_port()]

    def begin(own, other):
        zone = [{"name": "circle.test", "forward": [f"{scheme}://127.0.0.1:{other}"]}]
        fwd = start(server, {"port": own, "zone": zone, "query-timeout": "2s", "cache-size": "1M"})
        fwd.addresses = [("127.0.0.1", own)]
        return fwd

    one, two = begin(*ports), begin(*reversed(ports))
    circle(one, "circle.test", [two])
    for fwd in (one, two):
        assert addresses(fwd.ask("else.test")) == [expected_a("else.test")]


class Front(Dnsdist):
    """Over TLS it takes what it asks dnsfwd for, in clear."""

    def ready(self):
        probe = self.client()
        try:
            probe._open()
            return True
        except OSError:
            return False
        finally:
            probe.close()


class Clear:
    def __init__(self, port):
        self.clear_port = port


def test_an_upstream_that_asks_us(start, certs, tmp_path):
    """U's own resolver is we.  It takes one query of a connection at a time, and what we gave up long ago, too, so that it
    goes round for longer than anybody waits: at the pace of its deadlines, two connections and three sends.
    """
    port = free_port()
    with Front(tmp_path / "front", certs, None, Clear(port)) as front:
        options = {"port": port, "tls-cert-bundle": front.ca, "query-timeout": "2s", "cache-size": "1M"}
        fwd = start(front.upstream(), options)
        fwd.addresses = [("127.0.0.1", port)]
        circle(fwd, "front.test", ends=False)
        before = fwd.stats()["upstream_queries"]
        time.sleep(5)  # the time that is looked at
        assert fwd.stats()["upstream_queries"] - before <= 5 * 10


def test_a_peer_on_another_machine_is_named(certs):
    """What comes back from the upstream itself, joins itself and fails is no accident; other names go on."""
    with Network(hosts=1, clear=True) as net:
        (host,) = net.hosts
        server, ours = host.serve(certs=certs), net.own(1)[1]

        def begin(own, other, netns):
            options = {"listen": [own], "port": 5353, "allow": ["10.53.1.0/24"], "query-timeout": "1s", "cache-size": "1M",
                       "zone": [{"name": "circle.test", "forward": [f"udp://{other}:5353"]}]}
            return Dnsfwd([server], options, netns=netns)

        with begin(ours, host.v4, net.client) as one, begin(host.v4, ours, host) as two:
            assert addresses(one.ask("else.test")) == [expected_a("else.test")]
            for i in range(6):
                assert one.ask(f"n{i}.circle.test").rcode() == wire.SERVFAIL
            told = rf"warning queries seem to run in circles: udp://{host.v4}:5353 asks here for what it is asked for from here"
            one.wait_log(told)
            assert 3 <= one.stats()["circles"] <= 6 and "n0.circle" not in one.log_text()
            assert addresses(one.ask("more.test")) == [expected_a("more.test")]
            assert two.alive()


def test_a_client_that_asks_the_same_is_no_circle(server, start):
    """On one machine all have one address."""
    fwd = start(server, {"query-timeout": "500ms"})
    server.rule("name=held.test none")
    result = load(fwd, 20, window=20, name=lambda i: "held.test")
    assert result.failed == {wire.SERVFAIL: 20} and fwd.stats()["joined"] >= 10
    assert fwd.stats()["circles"] == 0 and "circles:" not in fwd.log_text()
