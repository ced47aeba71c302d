"""Hostile clients and hostile servers in volume, with an honest client beside them (T10).

A seed is printed with each run; DNSFWD_SEED=N sends the same octets again, and tests/hostile/hostile --from N begins at
the message that a complaint names.  `make check-hostile` runs the long ones under Address- and UB-Sanitizer.
"""

import pytest
import wire
from conftest import warm
from loadprogs import Honest, honest, hostile, new_seed
from reach import long
from testserver import expected_a

RATE = 200  # of the honest client
GROWTH = 8 << 20  # of memory, beyond what the same work by honest clients took (quarantines of sanitizers not counted)


def told(what, alone, beside, **figures):
    """The share of time is that of one run: before, and during."""
    print(
        f"\n  {what}: honest client lost {beside.lost} of {beside.count}, p99 {beside.p99 * 1000:.2f} ms, "
        f"{beside.p99 / max(alone.p99, 1e-6):.1f} times that of before ({alone.p99 * 1000:.2f} ms); "
        + ", ".join(f"{k} {v}" for k, v in figures.items())
    )


def in_good_order(fwd):
    """Nothing of ours is held, and the figures are those of a program at rest."""
    stats = fwd.stats()
    assert stats["queries_inflight"] == 0 and stats["log_dropped"] == 0
    return stats


@pytest.mark.parametrize("transport", ["udp", "tcp", "both"])
@pytest.mark.parametrize("count", [20000, long(1000000)])
def test_mutated_queries(server, start, transport, count):
    """Each reply to them is well formed, too: the program looks."""
    seed = new_seed()
    print(f"\n  seed {seed}")
    fwd = warm(start(server))
    alone = honest(fwd, seconds=2, rate=RATE, prefix="alone")
    alone.check()
    descriptors = fwd.fds()
    with Honest(fwd, rate=RATE) as beside:
        figures = hostile(fwd, count, seed, transport=transport)
    beside.result.check()
    assert figures["udp"] + figures["tcp"] == count
    stats = in_good_order(fwd)
    assert stats["dropped_response"] + stats["dropped_short"] > 0 or transport == "tcp"
    assert all(figures["rcodes"][str(rcode)] > count // 200 for rcode in (wire.FORMERR, wire.NOERROR, wire.NOTIMP))
    assert fwd.fds() <= descriptors + 16
    told(f"{count} mutated queries, {transport}", alone, beside.result, seconds=figures["seconds"], rcodes=figures["rcodes"])


@pytest.mark.parametrize(
    "kind, count",
    [("any", 10000), ("broken", 10000), ("whole", 2000), long("any", 450000), long("broken", 450000), long("whole", 100000)],
)
def test_mutated_answers(start_server, start, kind, count):
    """To one client; the names of the other are answered well, over the same sessions, though some of it ends them.

    Whoever asked gets an answer that can be read, or SERVFAIL: nothing of what is malformed reaches him.  "whole": id,
    flags and question may be spoilt as well, and then it is nobody's answer.
    """
    seed = new_seed()
    print(f"\n  seed {seed}")
    server = start_server(rules=[f"name=*.mutant.test mutate={seed & 0x7fffffff}/{kind}"])
    fwd = warm(start(server, {"query-timeout": "2s"}))
    alone = honest(fwd, seconds=2, rate=RATE, prefix="alone")
    alone.check()
    with Honest(fwd, rate=RATE) as beside:
        mutants = honest(fwd, count=count, window=200, suffix="mutant.test", timeout=10000)
    beside.result.check()
    assert mutants.lost == mutants.stray == 0, mutants
    stats = in_good_order(fwd)
    spoilt = stats["upstream_malformed"] + stats["upstream_mismatch"] + stats["upstream_unknown"]
    if kind == "broken":
        assert mutants.good == mutants.wrong == 0 and mutants.failed == {wire.SERVFAIL: count}, mutants
    assert spoilt > count // 4
    told(f"{count} answers mutated ({kind})", alone, beside.result, malformed=spoilt, mutants=mutants)
    assert fwd.ask("after.test").answer[0][0].address == expected_a("after.test")


def test_a_seed_is_replayed(server, start):
    """Message for message: what came of it is the same."""
    seen = []
    for _ in range(2):
        fwd = warm(start(server))
        figures = hostile(fwd, 3000, 12345, transport="udp")
        assert figures["udp"] == 3000
        seen.append([fwd.stats()[k] for k in ("dropped_response", "dropped_short", "client_cookies_malformed")])
    assert seen[0] == seen[1] and min(seen[0]) > 0
