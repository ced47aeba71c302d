"""Sessions are resumed with the tickets of servers that others wrote.

Counted twice: by dnsfwd, and on the wire between, where a handshake with a ticket looks other than one without.  A
ticket is used once (RFC 8446 C.4).  In TLS 1.3 most servers give new ones on every connection; in TLS 1.2, and dnsdist
always, only with a full handshake (one, and two), and knot-resolver none at all in TLS 1.2, as other clients see, too.
"""

import pytest
import wire
from conftest import addresses
from judge_peers import GnutlsPeer, OpensslPeer
from judge_zone import APEX
from judges import JUDGES
from netns import namespace_or_skip
from relay import Relay
from testserver import expected_a, wait_for

TIMES = 4
VERSIONS = ("1.2", "1.3")


def settings(relay, ca, version):
    """One upstream, with one connection at a time, in this version of TLS."""
    host, port = relay.address
    one = {"name": "judge", "address": host, "port": port, "auth-name": "resolver.test", "connections": 1}
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
    return {"upstream": [one], "forward": ["judge"], "tls-cert-bundle": ca, "tls-priority": priority}


def counted(fwd):
    stats = fwd.stats()
    return stats["handshakes_full"], stats["handshakes_resumed"]


def settle(fwd, relay):
    """Both agree on how many there were, which they do once none is under way."""
    wait_for(lambda: sum(relay.handshakes()) and counted(fwd) == relay.handshakes(), what="counts that agree")
    return relay.handshakes()


def connect_again(fwd, relay, ask, times=TIMES):
    """Its connections cut so often, and questions until there is another.  (full, resumed)"""
    ask()
    for number in range(1, times + 1):
        before = sum(settle(fwd, relay))
        relay.cut()
        wait_for(lambda: (ask(), sum(relay.handshakes()) > before)[1], what="another connection")
        # Closed twice after as many answers, a server is taken for one that always does so, and more are opened.
        for _ in range(number):
            ask()
    return settle(fwd, relay)


def tickets(name, version):
    """How many one full handshake brings; None: every connection brings some."""
    return {("kresd", "1.2"): 0, ("dnsdist", "1.3"): 2}.get((name, version), 1 if version == "1.2" else None)


def check(name, version, full, resumed, connections, times=TIMES):
    """At least what tickets allow.  There may have been more connections, as where one is opened ahead of an idle limit: each
    takes a ticket that another has not."""
    more = connections - 1 - times
    print(f"{name}, TLS {version}: {full} full, {resumed} resumed, {more} more connections")
    assert full >= 1 and full + resumed > times
    given = tickets(name, version)
    if given == 0:
        assert resumed == 0
    else:
        assert resumed >= (times if given is None else times - times // (given + 1)) - more


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", JUDGES)
def test_judges(name, version, backend, certs, zones, start, tmp_path):
    with JUDGES[name](tmp_path / name, certs, zones, backend) as judge, Relay(("127.0.0.1", judge.port)) as relay:
        fwd = start(options=settings(relay, judge.ca, version))
        full, resumed = connect_again(fwd, relay, lambda: fwd.ask(f"host.{APEX}"))
        check(name, version, full, resumed, relay.connections())


@pytest.mark.parametrize("version", VERSIONS)
def test_openssl(version, certs, start, tmp_path):
    with OpensslPeer(tmp_path / "peer", certs) as peer, Relay(("127.0.0.1", peer.port)) as relay:
        fwd = start(options=settings(relay, peer.ca, version))

        def ask():
            assert addresses(fwd.ask("again.test")) == [expected_a("again.test")]

        full, resumed = connect_again(fwd, relay, ask)
        check("s_server", version, full, resumed, relay.connections())


@pytest.mark.parametrize("how", [["-no_ticket", "-no_cache"], ["-num_tickets", "0"]])
def test_openssl_without_tickets(how, certs, start, tmp_path):
    with OpensslPeer(tmp_path / "peer", certs, *how) as peer, Relay(("127.0.0.1", peer.port)) as relay:
        fwd = start(options=settings(relay, peer.ca, "1.3"))
        full, resumed = connect_again(fwd, relay, lambda: fwd.ask("again.test"), 2)
        assert full > 2 and resumed == 0


def test_tickets_of_a_server_that_has_gone(certs, start, tmp_path):
    """The next one at its place does not know them: a full handshake, and no word to the client."""
    with OpensslPeer(tmp_path / "one", certs) as one, OpensslPeer(tmp_path / "two", certs) as two:
        with Relay(("127.0.0.1", one.port)) as relay:
            fwd = start(options=settings(relay, one.ca, "1.3"))
            fwd.ask("one.test")
            full, _ = settle(fwd, relay)
            relay.target = ("127.0.0.1", two.port)
            relay.cut()
            assert addresses(fwd.ask("two.test")) == [expected_a("two.test")]
            assert "psk" in two.hellos()[0]
            assert settle(fwd, relay)[0] > full


@pytest.mark.parametrize("version", VERSIONS)
def test_gnutls(version, certs, start, tmp_path):
    """It never answers; the sessions stand all the same."""
    net = namespace_or_skip()
    net.sniffer.policy.allow("127.0.0.1")  # the relay asks it
    try:
        with GnutlsPeer(tmp_path / "peer", certs, net) as peer, Relay(("127.0.0.1", peer.port), net.socket) as relay:
            fwd = start(options={**settings(relay, peer.ca, version), "query-timeout": "200ms"}, netns=net)

            def ask():
                assert fwd.ask("silent.test").rcode() == wire.SERVFAIL

            full, resumed = connect_again(fwd, relay, ask)
            fwd.stop()
            told = peer.sessions()
        check("gnutls-serv", version, full, resumed, relay.connections())
        assert sum("This is a resumed session" in text for text in told) == resumed
    finally:
        net.remove()
