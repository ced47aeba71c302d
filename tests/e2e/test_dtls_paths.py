"""DNS over DTLS where the path is not well (A67, A07, F28): losses, forgeries, silence, a server that forgets.

No query is lost by any of it; what datagrams do not carry goes over TLS to the same server.
"""

import os
import threading
import time

import pytest
import udp_relay
import wire
from dtlscase import OPTIONS, hello_of, meanwhile
from load import load
from netns import Network
from reach import comes_back, fresh, long
from testserver import TestServer, wait_for

COUNT, WINDOW = 300, 50
PATIENCE = 15  # seconds: queries wait for no more than their repetitions, and for TLS
FORGERIES = 10000
LOSSES = [0, 0.01, 0.05, 0.3]

PATHS = {
    "reorder": {"reorder": 0.5},
    "duplicate": {"dup": 0.5},
    "loss": {"loss": 0.3},
    "mtu": {"mtu": 576},
    "all": {"reorder": 0.2, "dup": 0.2, "loss": 0.2},
}


def check_all(case, count=COUNT, what="", within=PATIENCE, **options):
    result = load(case.fwd, count, window=WINDOW, name=fresh(), **options)
    case.report(what, result)
    result.check(within=within)
    return result


@pytest.mark.clock
@pytest.mark.parametrize("what", PATHS)
def test_bad_path(dtls, what):
    """A67: once DTLS stands, it carries most of them."""
    case = dtls(commands=["mtu 548"])
    case.start()
    case.relay.fault(**PATHS[what])
    check_all(case, what=what)
    dtls_queries, tls_queries = case.by_transport()
    assert dtls_queries > COUNT / 2 > tls_queries
    assert case.server.stat("malformed") == 0


@pytest.mark.parametrize("what", PATHS)
def test_bad_path_from_the_beginning(dtls, what):
    """Handshake included; who waits for nothing else asks over TLS meanwhile."""
    case = dtls(commands=["mtu 548"])
    case.relay.fault(**PATHS[what])
    case.start(warm=False)
    check_all(case, what=f"{what} from the beginning")
    assert case.server.stat("malformed") == 0
    if what in ("reorder", "duplicate", "mtu"):
        case.until_dtls()


def test_large_answers_where_only_small_datagrams_pass(dtls):
    """The server does not know of the path's MTU of 576: what is lost for ever over UDP comes over TLS."""
    case = dtls()
    case.start()
    case.relay.fault("back", mtu=576 - 28)
    for i in range(3):
        reply = case.fwd.ask(f"many-60.n{i}.mtu.test", transport="tcp")
        assert reply.rcode() == wire.NOERROR and len(reply.answer[0]) == 60
    assert case.server.stat("queries_tls") >= 3


@pytest.mark.parametrize("loss", LOSSES)
def test_loss(dtls, loss):
    """F28: none lost at any; how many took TLS is reported."""
    case = dtls()
    case.start()
    case.relay.fault(loss=loss)
    check_all(case, what=f"{loss:.0%} lost")


@pytest.mark.long
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_for_long(dtls, loss):
    case = dtls()
    case.start()
    case.relay.fault(loss=loss)
    check_all(case, 10000, what=f"{loss:.0%} lost")


# -- forgeries ---------------------------------------------------------------------------------


def record(kind, content, epoch=0):
    return bytes([kind, 0xFE, 0xFD]) + epoch.to_bytes(2, "big") + os.urandom(6) + len(content).to_bytes(2, "big") + content


def plain_answer():
    return wire.query("forged.test", flags=wire.QR | wire.RD)


FORGED = {
    "random": lambda case: os.urandom(1 + os.urandom(1)[0]),
    "alert in clear": lambda case: record(21, bytes([2, 80])),
    "close in clear": lambda case: record(21, bytes([1, 0])),
    "alert in the window": lambda case: record(21, os.urandom(26), epoch=1),
    "answer in clear": lambda case: record(23, plain_answer()),
    "answer without a record": lambda case: plain_answer(),
    "data in the window": lambda case: record(23, os.urandom(150), epoch=1),
    "hello verify": lambda case: record(22, b"\3\0\0\x17" + bytes(5) + b"\0\0\x17\xfe\xff\x14" + os.urandom(20)),
    "hello request": lambda case: record(22, bytes(12)),
    "half a record": lambda case: record(23, os.urandom(150), epoch=1)[:40],
    "too long": lambda case: record(23, b"x" * 1400, epoch=1),
    "replayed": lambda case: case.relay.memory[os.urandom(1)[0] % len(case.relay.memory)],
}


def forge(case, what, times):
    """ICMP in between: the port of the server is unreachable, it says."""
    for number in range(times):
        case.relay.inject(FORGED[what](case))
        if number % 20 == 0:
            case.relay.unreachable()


def test_forgeries(dtls):
    """A07: 10,000 of all kinds, and ICMP, while queries are under way.  None is lost; one handshake at most."""
    if os.geteuid() != 0:
        pytest.skip("forging ICMP needs root")
    case = dtls()
    case.start()
    kinds = list(FORGED)
    errors = []

    def all_of_them():
        try:
            for number in range(FORGERIES // 100):
                for what in kinds:
                    forge(case, what, 100 // len(kinds) + 1)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=all_of_them)
    thread.start()
    while True:
        over = not thread.is_alive()
        check_all(case, 100, what="forgeries")
        if over:
            break
    thread.join()
    assert not errors, errors
    assert case.server.stat("dtls_associations") <= 1


def test_one_forged_alert_and_icmp(dtls):
    """The alert makes dnsfwd open a second association (RFC 8094 6), the ICMP says that nobody is there: the first one, which
    answers all the time, is no worse for it."""
    if os.geteuid() != 0:
        pytest.skip("forging ICMP needs root")
    case = dtls()
    case.start()
    case.relay.fault("back", loss=1, types=udp_relay.HANDSHAKE)
    case.relay.inject(FORGED["alert in clear"](case))
    wait_for(lambda: (case.check(), case.relay.clients() > 1)[1], what="a second handshake")
    for _ in range(50):
        case.relay.unreachable()
        case.check()
    case.relay.fault()
    case.until_dtls(10)


@pytest.mark.parametrize("what", FORGED)
def test_each_forgery(dtls, what):
    case = dtls()
    case.start()
    forge(case, what, 500)
    check_all(case, 100, what=what)
    assert case.server.stat("dtls_associations") <= 1


def test_forgeries_during_the_handshake(dtls):
    """Whatever is said before the keys are there, the queries are answered."""
    case = dtls()
    case.start(warm=False)
    kinds = [FORGED[k] for k in FORGED if k != "replayed"]
    with meanwhile(lambda: [case.relay.inject(make(case)) for make in kinds]):
        check_all(case, 100, what="forgeries during the handshake")


def test_icmp_alone(dtls):
    """RFC 8094 9: all are soft."""
    if os.geteuid() != 0:
        pytest.skip("forging ICMP needs root")
    case = dtls()
    case.start()
    with meanwhile(lambda: case.relay.unreachable()):
        check_all(case, what="ICMP")
    assert case.server.stat("dtls_associations") <= 1


# -- silence -------------------------------------------------------------------------------------


def test_silence_from_the_beginning(dtls):
    """Answers come over TLS, and once the handshake was given up it is not tried again (RFC 8094 3.1)."""
    case = dtls()
    case.relay.silence()
    case.start(warm=False)
    check_all(case, what="silence")
    assert case.by_transport() == (0, COUNT)
    case.fwd.wait_stat("datagram_silences", 1)
    tried = case.relay.counts["there"]
    assert tried and {hello_of(d)[0] for d in case.relay.sent}  # ClientHellos, nothing else
    for _ in range(3):
        case.server.closeall("notify")
        check_all(case, what="after silence")
    assert case.relay.counts["there"] == tried


def test_silence_in_the_middle(dtls):
    case = dtls()
    case.start()
    case.relay.silence()
    check_all(case, what="silence in the middle")
    dtls_queries, tls_queries = case.by_transport()
    assert dtls_queries == 0 and tls_queries >= COUNT


def test_silence_of_data_only(dtls):
    """Handshakes get through, queries never do: that is no reason to repeat them for ever."""
    case = dtls()
    case.relay.fault(loss=1, types=udp_relay.DATA)
    case.start(warm=False)
    for _ in range(3):
        check_all(case, 100, what="silence of data")
    assert case.by_transport() == (0, COUNT)
    assert case.server.stat("dtls_handshakes") <= 4


def test_silence_that_ends(dtls):
    """A short one: afterwards everything is answered still, whichever way."""
    case = dtls()
    case.start()
    case.relay.silence()
    check_all(case, 50, what="silence")
    case.relay.fault()
    check_all(case, what="after silence")


# -- servers that forget ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["fin", "alert", "notify"])
@pytest.mark.parametrize("unknown", ["silence", "alert"])
def test_server_forgets(dtls, how, unknown):
    """How: without a word, with a sealed alert, with close_notify; then records of no association get an alert in clear, or not."""
    case = dtls()
    case.start()
    case.server.command(f"unknown {unknown}")
    for _ in range(3):
        wait_for(lambda: case.server.forget(how), what="an association that stands")
        check_all(case, 50, what=f"forgotten with {how}, {unknown}")
        case.until_dtls()


def test_server_forgets_all_the_time(dtls):
    case = dtls(rules=["transport=dtls answers=20"])
    case.start(warm=False)
    check_all(case, what="forgotten after 20 answers each")


@pytest.mark.parametrize("how", ["fin", "alert"])
def test_idle_server(dtls, how):
    """It forgets who is quiet for half a second (RFC 8094 3.3 speaks of seconds)."""
    case = dtls(rules=[f"transport=dtls idle=500:{how}"])
    case.start()
    for _ in range(3):
        wait_for(lambda: case.server.stat("dtls_open") == 0, what="the server to forget")
        case.check()


def test_alert_that_is_sealed(dtls):
    """A warning ends nothing; a fatal one ends the association, and no query is lost by it."""
    case = dtls()
    case.start()
    case.server.alert(1, 90)
    check_all(case, 50, what="a warning")
    case.server.alert(2, 80)
    check_all(case, 50, what="a fatal alert")
    case.until_dtls()


def test_rebinding(dtls):
    """A NAT gives us another port: the server does not know it, and says nothing."""
    case = dtls()
    case.start()
    for _ in range(3):
        case.relay.rebind()
        check_all(case, 50, what="rebinding")
        case.until_dtls()


def test_rebinding_under_load(dtls):
    case = dtls()
    case.start()
    result = load(case.fwd, COUNT, window=WINDOW, name=fresh(), rate=200, each_turn=Now(case.relay.rebind, 3))
    case.report("rebinding under load", result)
    result.check(within=PATIENCE)


class Now:
    """For load(): does something each so many turns."""

    def __init__(self, action, times, every=40):
        self.action, self.left, self.every, self.turns = action, times, every, 0

    def __call__(self, *_):
        self.turns += 1
        if self.left and self.turns % self.every == 0:
            self.left -= 1
            self.action()


def test_server_restarts(dtls, certs):
    """On the same port, without memory of the old one's associations, and with another key for tickets."""
    case = dtls()
    case.start()
    where = [f"127.0.0.1:{case.server.dtls[0].port}"]
    case.server.kill()
    with TestServer(both=where, certs=certs) as second:
        first, case.server = case.server, second
        check_all(case, 100, what="restart")
        case.until_dtls()
        case.server = first


# -- auto ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", ["none", "udp", "tcp"])
@pytest.mark.parametrize("transport", ["auto", "dtls"])
def test_networks(certs, start, transport, blocked):
    """Where UDP is blocked, where TCP is blocked, where both get through."""
    with Network() as net:
        host = net.hosts[0]
        server = host.serve([host.v4], kind="both", certs=certs)
        fault = net.black_hole(host.v4, match=("-p", blocked)) if blocked != "none" else None
        fwd = start({"server": server, "transport": transport}, {**OPTIONS, "bootstrap": []}, netns=net.client)
        result = load(fwd, 100, window=20, name=fresh())
        result.check(within=PATIENCE)
        stats = server.stats()
        print(f"\n  {transport}, blocked {blocked}: {stats['queries_dtls']} over DTLS, {stats['queries_tls']} over TLS; {result}")
        if blocked == "udp":
            assert stats["queries_tls"] >= 100 and not stats["queries_dtls"]
        if blocked == "tcp":
            assert stats["queries_dtls"] >= 100 and not stats["queries_tls"]
        if fault:
            fault.undo()


@pytest.mark.parametrize("loss", [long(0.3)])
def test_loss_with_auto(dtls, loss):
    case = dtls()
    case.relay.fault(loss=loss)
    case.start(transport="auto", warm=False)
    check_all(case, 2000, what=f"auto, {loss:.0%} lost")


# -- datagrams alone ------------------------------------------------------------------------------------


LONG_COOKIE = b"\3\0\0\x2b" + bytes(5) + b"\0\0\x2b\xfe\xff\x28" + bytes(40)  # GnuTLS takes 32 octets
BROKEN = {
    "hello verify": LONG_COOKIE,
    "server hello": b"\2\0\0\x04" + bytes(5) + b"\0\0\x04" + bytes(4),
}




@pytest.mark.long
@pytest.mark.parametrize("what", BROKEN)
def test_broken_handshake_without_tls(dtls, what):
    """One forged datagram during the handshake, on a network that lets no TCP through: it is tried again, and works."""
    case = dtls()
    case.server.command("rule transport=tls refuse=rst")
    case.relay.fault("back", loss=1)
    case.start(warm=False)
    wait_for(lambda: case.relay.counts["there"] > 0, what="a ClientHello")
    for _ in range(3):
        case.relay.inject(b"\x16\xfe\xff" + bytes(8) + len(BROKEN[what]).to_bytes(2, "big") + BROKEN[what])
    case.relay.fault()
    comes_back(case.fwd, "back.test", f"broken {what}", 15)


@pytest.mark.long
def test_silence_without_tls_that_ends(dtls):
    """No TCP, and UDP is silent for longer than a handshake is waited for: afterwards it works again."""
    case = dtls()
    case.server.command("rule transport=tls refuse=rst")
    case.relay.silence()
    case.start({"query-timeout": "1s"}, warm=False)
    since = time.monotonic()
    wait_for(lambda: (case.fwd.ask("silent.test"), time.monotonic() - since > 17)[1], what="17 s")
    case.relay.fault()
    comes_back(case.fwd, "back.test", "no TCP, and silence that ended", 30)
