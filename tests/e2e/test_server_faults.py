"""The test resolver tested: answers that are wrong, late or missing in the way that was asked for, and to which queries."""

import random
import signal
import socket
import time

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest
from servercase import EDE, ENDS, KEEPALIVE, Stream, addresses, ask_tls, options_of, parsed, query
from servercase import server, shared  # fixtures
from testserver import TIMEOUT, CommandError, TestServer, expected_a, wait_for


# -- what is wrong in an answer -------------------------------------------------------------

Q = query("some.name.test", id=0x1234)


SPOILED = {
    "wrong-id": lambda d: parsed(d).id == 0x1235,
    "wrong-id=256": lambda d: parsed(d).id == 0x1334,
    "wrong-name": lambda d: parsed(d).question[0].name != Q.question[0].name,
    "wrong-type": lambda d: parsed(d).question[0].rdtype == 2,
    "wrong-type=AAAA": lambda d: parsed(d).question[0].rdtype == 28,
    "wrong-class": lambda d: parsed(d).question[0].rdclass == 3,
    "flip-case": lambda d: parsed(d).question[0].name.labels[0] == b"SOME",
    "qr0": lambda d: not d[2] & 0x80,
    "opcode=4": lambda d: parsed(d).opcode() == dns.opcode.NOTIFY,
    "no-question": lambda d: d[4:6] == b"\0\0" and not parsed(d).answer and parsed(d).edns == 0,
    "two-questions": lambda d: len(parsed(d).question) == 2 and parsed(d).answer,
    "tc": lambda d: parsed(d).flags & dns.flags.TC and not parsed(d).answer,
    "nodata": lambda d: not parsed(d).answer and not parsed(d).authority and parsed(d).edns == 0,
    "rcode=servfail": lambda d: parsed(d).rcode() == dns.rcode.SERVFAIL,
    "rcode=23": lambda d: parsed(d).rcode() == 23,
    "short=5": lambda d: d == b"\x12\x34\x81\x80\0",
    "trailing=7": lambda d: len(d) == len(HONEST) + 7 and d.startswith(HONEST),
    "hex=ffff8180000100": lambda d: d == b"\x12\x34\x81\x80\0\1\0",
    "no-opt": lambda d: parsed(d).edns == -1 and parsed(d).answer,
    "opt-twice": lambda d: d[10:12] == b"\0\2" and d == HONEST[:11] + b"\2" + HONEST[12:] + HONEST[-11:],
    "opt-in-answer": lambda d: d[6:12] == b"\0\2\0\0\0\0" and d[12:] == HONEST[12:],
    "opt-not-last": lambda d: d[10:12] == b"\0\3" and len(parsed(d).additional[0]) == 2,
    "keepalive=20": lambda d: options_of(parsed(d))[KEEPALIVE].data == b"\0\x14",
    "ede=15/2000": lambda d: options_of(parsed(d))[EDE].text == "e" * 2000,
    "option=65001/abcd": lambda d: options_of(parsed(d))[65001].data == b"\xab\xcd",
    "extra=answer/bank.test/A/c0000201": lambda d: "192.0.2.1" in addresses(parsed(d)),
    "extra=additional/bank.test/A/c0000201": lambda d: parsed(d).additional[0][0].address == "192.0.2.1",
    "mutate=3/broken": lambda d: d[:2] == b"\x12\x34" and not sound(d),
    "mutate=3/cut": lambda d: HONEST.startswith(d) and d != HONEST,
    "mutate=3/count": lambda d: len(d) == len(HONEST) and d[6:12] != HONEST[6:12],
    "mutate=3/insert": lambda d: len(d) > len(HONEST),
    "mutate=3/whole": lambda d: d != HONEST,
    "mutate": lambda d: d[:6] == HONEST[:6],
}


def sound(data):
    try:
        dns.message.from_wire(data)
        return True
    except Exception:
        return False


@pytest.fixture(scope="module")
def honest_answer(shared):
    global HONEST
    shared.clear_rules()
    with Stream(shared) as stream:
        stream.send(Q.to_wire())
        HONEST = stream.receive()
    return HONEST


@pytest.mark.parametrize("action", SPOILED)
def test_spoiled_answer(server, honest_answer, action):
    server.rule(f"name=some.name.test {action}")
    with Stream(server) as stream:
        stream.send(Q.to_wire())
        assert SPOILED[action](stream.receive())
        assert stream.ask("other.test")


def test_broken_mutants_never_parse(server):
    server.rule("mutate=1/broken")
    with Stream(server) as stream:
        answers = {stream.ask(f"some{i % 150}.test", id=7) for i in range(300)}
    assert len(answers) == 150 and not any(map(sound, answers)), "each question has its own way of being spoilt"


def test_several_answers_to_one_query(server):
    server.rule("name=*.wrongid.test answer=wrong-id,qr0:nodata,good:delay=100")
    with Stream(server) as stream:
        stream.send(query("x.wrongid.test", id=1).to_wire(), query("fast.test", id=9).to_wire())
        first, second, fast, late = (stream.receive() for _ in range(4))
    assert parsed(first).id == 2 and not second[2] & 0x80
    assert parsed(fast).id == 9 and addresses(parsed(late)) == [expected_a("x.wrongid.test")]


# -- whether and when ------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["drop", "answer=none"])
def test_no_answer(server, action):
    server.rule(f"name=*.lost.test {action}")
    with Stream(server) as stream:
        stream.send(query("a.lost.test").to_wire())
        assert parsed(stream.ask("b.test", id=5)).id == 5
    assert server.stat("unanswered") == 1 and server.count("a.lost.test", "A") == 1


def test_delay(server):
    server.rule("name=slow.test delay=150-200")
    with Stream(server) as stream:
        start = time.monotonic()
        stream.send(query("slow.test", id=1).to_wire(), query("fast.test", id=2).to_wire())
        assert parsed(stream.receive()).id == 2
        assert parsed(stream.receive()).id == 1
        assert 0.14 < time.monotonic() - start


def test_duplicates(server):
    server.rule("dup=2")
    with Stream(server) as stream:
        answers = [stream.ask("a.test"), stream.receive(), stream.receive()]
    assert answers[0] == answers[1] == answers[2]


def test_shuffle(server):
    server.rule("shuffle=50/1000")
    with Stream(server) as stream:
        stream.send(*[query("a.test", id=i).to_wire() for i in range(50)])
        ids = [parsed(stream.receive()).id for _ in range(50)]
        assert sorted(ids) == list(range(50)) != ids
        assert stream.ask("a.test")  # alone, after a second


def test_mute(server):
    server.mute()
    with Stream(server) as stream:
        stream.send(query("a.test").to_wire())
        server.wait_stat("queries", 1)
        server.mute(False)
        assert parsed(stream.ask("b.test", id=3)).id == 3


def test_pause_keeps_queries(server):
    with Stream(server) as stream:
        stream.ask("a.test")
        server.pause()
        stream.send(query("b.test").to_wire())
        stream.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            stream.receive()
        assert server.stat("queries") == 1
        server.pause(False)
        stream.socket.settimeout(TIMEOUT)
        assert stream.receive()


# -- selectors and records ------------------------------------------------------------------------------


def test_first_matching_rule_wins(server):
    server.rule("name=a.*.test type=AAAA rcode=5")
    server.rule("name=A.* times=1 rcode=4")
    server.rule("name=a.*")
    server.rule("rcode=2")
    with Stream(server) as stream:
        rcodes = [parsed(stream.ask("a.b.test", t)).rcode() for t in ("AAAA", "A", "A")]
        assert rcodes == [5, 4, 0] and parsed(stream.ask("c.test")).rcode() == 2
    assert [hits for hits, _ in server.rules()] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "selector,hit",
    [("nth=3", [2]), ("nth=8-", [7, 8, 9]), ("every=4", [3, 7]), ("skip=7", [7, 8, 9]), ("skip=2 every=4 times=1", [5])],
)
def test_counting_selectors(server, selector, hit):
    server.rule(f"{selector} rcode=5")
    with Stream(server) as stream:
        refused = [i for i in range(10) if parsed(stream.ask("a.test")).rcode() == 5]
    assert refused == hit


def test_probability_repeats(server):
    def run():
        server.clear_rules()
        server.rule("prob=0.3 rcode=5")
        with Stream(server) as stream:
            return sum(parsed(stream.ask("a.test")).rcode() == 5 for _ in range(300))

    assert 50 < run() < 130


def test_transport_selector(server):
    server.rule("transport=udp rcode=5")
    host, port = server.udp[0]
    assert dns.query.udp(query("a.test"), host, port=port, timeout=TIMEOUT).rcode() == 5
    assert ask_tls(server, "a.test").rcode() == 0


def test_udp_misbehaviour(server):
    server.rule("name=late.test answer=wrong-id,good:delay=50:dup")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(TIMEOUT)
    with client:
        client.connect(server.udp[0])
        client.send(query("late.test", id=1).to_wire())
        assert [parsed(client.recv(4096)).id for _ in range(3)] == [2, 1, 1]


@pytest.mark.parametrize(
    "rule",
    ["nonsense", "delay=x", "name=a answer=", "answer=good:life=1", "life=5 delay=5", "idle=", "life=5 name=a", "prob=2"],
)
def test_bad_rules_are_refused(server, rule):
    with pytest.raises(CommandError):
        server.rule(rule)
    assert server.rules() == []


def test_counts_and_reset(server):
    with Stream(server) as stream:
        for name, rrtype in (("a.test", "A"), ("A.Test", "AAAA"), ("b.test", "A")):
            stream.ask(name, rrtype)
    assert server.count("a.test") == 2 and server.count("a.test", "AAAA") == 1
    assert len(server.queries(2)) == 2
    assert [q.seq for q in server.queries()] == [1, 2, 3]
    server.reset()
    assert server.count("a.test") == 0 and server.queries() == [] and server.stat("queries") == 0


def test_ring_is_bounded():
    with TestServer(args=["--ring", "10"]) as server:
        with Stream(server) as stream:
            for i in range(25):
                stream.ask(f"n{i}.test")
        assert [q.seq for q in server.queries()] == list(range(16, 26))


def test_random_input_does_no_harm(server):
    rng = random.Random(1)
    base = query("a.test", want_dnssec=True, pad=64).to_wire()
    with Stream(server, "tcp") as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(server.udp[0])
        for _ in range(2000):
            data = bytearray(base)
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = bytes(data[: rng.randrange(12, len(data) + 1)])
            stream.send(data)
            datagrams.send(data)
        stream.send(query("last.test").to_wire())
        server.wait_stat("queries_tcp", 2001)
    assert server.stat("malformed") > 1000
    for line in ("", " ", "rule \x01=", "inject", "inject all xyz", "count", "queries\tx", "cert a b", "unsolicited"):
        try:
            server._socket.sendall(line.encode() + b"\nmute off\n")
            while b"ok" not in server._reader.readline():
                pass
        except CommandError:
            pass
    assert ask_tls(server, "a.test").answer


def test_everything_at_once(server):
    """All actions mixed by chance, with endings of all kinds: whatever happens, it goes on."""
    actions = ["delay=0-5 dup=2", "shuffle=7/3", "rate=20000 bytes=9", "noise=3", "prefix=11", "trailing=4000"]
    actions += [f"cut={k}/{how}" for k in ("1", "half") for how in ENDS] + [f"close={how} delay=1-3" for how in ENDS]
    actions += [a for a in SPOILED]
    for action in actions:
        server.rule(f"prob=0.006 {action}")
    for how in ENDS:
        server.rule(f"prob=0.05 answers=40/{how}")
        server.rule(f"prob=0.05 life=5/{how}")
    queries = [query(f"n{i}.test", id=i).to_wire() for i in range(100)]
    for i in range(60):
        try:
            with Stream(server, "tls" if i % 4 else "tcp") as stream:
                stream.socket.settimeout(0.05)
                stream.send(*queries)
                stream.ending()
        except OSError:
            pass
    server.clear_rules()
    assert ask_tls(server, "a.test").answer
    wait_for(lambda: server.stat("open") == 0)


def test_script_and_signals(tmp_path):
    with TestServer(rules=["rcode=5"], commands=["# words", "", "pad off"]) as server:
        answer = ask_tls(server, "a.test", pad=128)
        assert answer.rcode() == 5 and not answer.pad
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
    with pytest.raises(RuntimeError, match="nonsense"):
        TestServer(rules=["nonsense"])
