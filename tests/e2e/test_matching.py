"""An answer reaches exactly the query that it answers, and ids can't be guessed (A01-A03, A06)."""

import math

import pytest
import wire
from conftest import addresses, warm
from load import load
from testserver import expected_a

# Each as the test server is told to spoil an answer.
WRONG = ["wrong-name", "wrong-type", "wrong-class", "qr0", "opcode=4", "opcode=5", "no-question", "two-questions"]
WRONG += ["wrong-id", "qr0:wrong-name", "short=12", "short=20"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.clock
def test_wrong_then_right(fwd, server, wrong):
    server.rule(f"name=*.wrong.test answer={wrong},good:delay=100")
    for transport in ("udp", "tcp"):
        reply = fwd.ask(f"{transport}.wrong.test", transport=transport)
        assert addresses(reply) == [expected_a(f"{transport}.wrong.test")]
        assert server.count(f"{transport}.wrong.test") == 1


@pytest.mark.parametrize("wrong", [WRONG[:7], WRONG[7:]], ids=["first", "others"])
@pytest.mark.clock
def test_all_the_wrong_ones_then_the_right_one(fwd, server, wrong):
    before = fwd.stats()
    server.rule(f"name=*.wrong.test answer={','.join(wrong)},good:delay=300")
    result = load(fwd, 100, window=100, name=lambda i: f"n{i}.wrong.test")
    result.check()
    change = {k: v - before[k] for k, v in fwd.stats().items()}
    assert change["upstream_answers"] == change["upstream_queries"] == 100
    # A wrong id may be one of another query, whose question it then fails.
    assert change["upstream_mismatch"] + change["upstream_unknown"] == 100 * len(wrong)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.clock
def test_never_the_right_one(server, start, wrong):
    """SERVFAIL with a reason at the deadline; nothing is remembered: the next one is asked again."""
    fwd = warm(start(server, {"query-timeout": "300ms"}))
    server.rule(f"name=*.wrong.test answer={wrong}")
    for count in (1, 2):
        reply = fwd.ask("never.wrong.test")
        assert reply.rcode() == wire.SERVFAIL and not reply.answer
        assert wire.edes(reply)[0][0] in (22, 23) and "no answer in time" in wire.edes(reply)[0][1]
        assert server.count("never.wrong.test") == count
    server.clear_rules()
    assert addresses(fwd.ask("never.wrong.test")) == [expected_a("never.wrong.test")]
    assert fwd.stats()["timeouts"] >= 2


@pytest.mark.clock
def test_never_in_time_comes_late(server, start):
    """The answer to a query given up is no answer to the next one."""
    fwd = warm(start(server, {"query-timeout": "800ms"}))
    server.rule("name=late.test times=1 delay=1600")
    assert fwd.ask("late.test").rcode() == wire.SERVFAIL
    load(fwd, 500, window=20, name=lambda i: f"l{i}.meanwhile.test", rate=1000).check()
    fwd.wait_stat("upstream_late", 1)
    assert addresses(fwd.ask("late.test")) == [expected_a("late.test")]


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_an_error_may_lack_its_question(fwd, server, rcode):
    answer = wire.header(0x8180 | rcode, (0, 0, 0, 0), 0)
    server.rule(f"name=*.bare.test hex={answer.hex()}")
    reply = fwd.ask("BaRe.bare.test")
    assert reply.rcode() == rcode and reply.question[0].name.to_text() == "BaRe.bare.test."


@pytest.mark.parametrize("rcode", [0, 3, 6, 9])
@pytest.mark.clock
def test_other_answers_may_not(server, start, rcode):
    fwd = warm(start(server, {"query-timeout": "800ms"}))
    server.rule(f"name=*.bare.test hex={wire.header(0x8180 | rcode, (0, 0, 0, 0), 0).hex()}")
    assert fwd.ask("a.bare.test").rcode() == wire.SERVFAIL
    fwd.wait_stat("upstream_mismatch", 1)


def test_all_ids_unsolicited(fwd, server):
    """A02: 65,536 answers that nobody asked for, three times, while 100 queries wait."""
    server.rule("name=*.held.test delay=1000")
    before = fwd.stats()
    told = []

    def flood():
        if not told and server.stat("queries") >= 100:
            told.append(server.unsolicited(3))

    result = load(fwd, 100, window=100, name=lambda i: f"h{i}.held.test", each_turn=flood)
    result.check()
    assert told and told[0] >= 1
    change = {k: v - before[k] for k, v in fwd.stats().items()}
    assert change["upstream_unknown"] + change["upstream_mismatch"] >= 60000


# -- many queries ------------------------------------------------------------------------


def test_5000_in_random_order(fwd, server):
    server.rule("shuffle=64")
    load(fwd, 5000, window=800).check()


@pytest.mark.long
@pytest.mark.parametrize("every", [200, 100])
@pytest.mark.clock
def test_200000_on_one_connection(start_server, start, every):
    """A03: at least three wraps of the id space, some never answered, the rest in random order.

    1 in 200 leaves 1,000 ids behind, which one connection bears; 1 in 100 makes it retire once or twice.  The deadline
    comes before names count as slow.
    """
    count = 200000
    server = start_server(rules=["name=*.never.test none", "shuffle=100/20"])
    fwd = warm(start(server, {"query-timeout": "1200ms"}))

    def name(i):
        return f"q{i}.never.test" if i % every == every - 1 else f"q{i}.load.test"

    result = load(fwd, count, window=700, name=name)
    result.check(failed=count // every)
    assert set(result.failed) == {wire.SERVFAIL}
    assert server.stat("queries") >= count
    # A second without any answer, which only a machine that stands still makes, is another reason to connect again.
    stalls = fwd.stats()["sessions_suspect"] if result.taken >= 1 else 0
    assert server.stat("connections") <= (1 if every == 200 else 3) + stalls


@pytest.mark.clock
def test_unanswered_among_5000(start_server, start):
    server = start_server(rules=["name=*.never.test none", "shuffle=50/20"])
    fwd = warm(start(server, {"query-timeout": "900ms"}))
    result = load(fwd, 5000, window=600, name=lambda i: f"q{i}.{'never' if i % 100 == 99 else 'load'}.test")
    result.check(failed=50)
    assert server.stat("connections") == 1


# -- ids (A06) ---------------------------------------------------------------------------


def ids_of(server):
    return [wire.id_of(q.data) for q in server.queries()]


def z_of_chi_square(values, buckets):
    """How many standard deviations chi-square is off for equally likely values (Wilson and Hilferty)."""
    counts = [0] * buckets
    for value in values:
        counts[value] += 1
    expected = len(values) / buckets
    chi = sum((c - expected) ** 2 / expected for c in counts)
    k = buckets - 1
    return ((chi / k) ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))


def check_random(ids):
    """Limits of 4.9 standard deviations: a good generator fails once in a million runs."""
    n = len(ids)
    for part in (lambda v: v >> 8, lambda v: v & 255, lambda v: v >> 4 & 255):
        assert abs(z_of_chi_square([part(v) for v in ids], 256)) < 4.9
    mean = sum(ids) / n
    spread = sum((v - mean) ** 2 for v in ids)
    correlation = sum((a - mean) * (b - mean) for a, b in zip(ids, ids[1:])) / spread
    assert abs(correlation) < 4.9 / math.sqrt(n)
    steps = [(b - a) % 65536 for a, b in zip(ids, ids[1:])]
    assert abs(z_of_chi_square([s >> 8 for s in steps], 256)) < 4.9


@pytest.mark.parametrize("count", [20000, pytest.param(100000, marks=pytest.mark.long)])
def test_ids_are_random(start_server, start, count):
    server = start_server(args=("--ring", str(count)))
    fwd = start(server)
    load(fwd, count, window=300).check()
    ids = ids_of(server)
    assert len(ids) == count
    check_random(ids)


@pytest.mark.clock
def test_ids_have_nothing_to_do_with_those_of_clients(start_server, start):
    """A client that counts from 0, one query at a time: equal ids only by chance (1 in 65,536)."""
    server = start_server()
    fwd = start(server)
    count = 2000
    with fwd.udp_socket() as s:
        for i in range(count):
            s.send(wire.query("id.test", id=i))
            assert wire.id_of(s.recv(4096)) == i
    ids = ids_of(server)
    assert len(ids) == count
    assert sum(i == v for i, v in enumerate(ids)) <= 4
    check_random(ids)


def test_every_start_has_other_ids(start_server, start):
    seen = set()
    for _ in range(4):
        server = start_server()
        fwd = start(server)
        for i in range(8):
            fwd.ask(f"s{i}.test")
        seen.add(tuple(ids_of(server)))
        fwd.stop()
    assert len(seen) == 4 and len({row[0] for row in seen}) > 1


