"""Answers of 64 KB that are made to cost: pointers upon pointers, hundreds of keys and signatures, names that share
nothing (A14, A21, A29, T27).  Processor time of one is a few times that of a plain one at most, and nobody else waits.
"""

import os
import struct

import dns.message
import pytest
import wire
from conftest import warm
from daemon import SANITIZED
from load import load
from loadprogs import Honest, honest
from reach import report

COUNT = 200  # of each
LIMIT = 65000
EACH = 0.050 if SANITIZED else 0.002  # seconds of processor, for an answer of 64 KB; a sanitized build is not the product
SHARE = 4  # of what a plain answer of that size costs


def message(records, question):
    """As many of these records as 64 KB take."""
    body, count = b"", 0
    for record in records:
        if 12 + len(question) + len(body) + len(record) > LIMIT:
            break
        body += record
        count += 1
    return wire.header(0x8180, (1, count, 0, 0), 0) + question + body


def plain(question):
    """Texts, each as long as one can be."""
    return message((wire.record(b"\xc0\x0c", wire.TXT, b"\xff" + bytes([65 + i % 26]) * 255) for i in range(300)), question)


def many(question):
    return message((wire.record(b"\xc0\x0c", wire.A, struct.pack("!I", i)) for i in range(5000)), question)


def chained(question):
    """The name of each record is a letter and a pointer to the one before, up to 255 octets, again and again: legal, but
    nobody's answer, and refused when the work for it has gone too far."""

    def records():
        at, depth, last = 12 + len(question), 0, 12
        while True:
            owner = b"\1x" + struct.pack("!H", 0xC000 | last)
            yield wire.record(owner, wire.A, b"\1\2\3\4")
            depth += 1
            last = at if depth % 110 and at < 0x3FF0 else 12
            at += len(owner) + 14

    return message(records(), question)


def keys(question):
    """KeyTrap's kind: keys and signatures by the hundred, each of a size that is usual."""

    def records():
        for i in range(400):
            yield wire.record(b"\xc0\x0c", 48, struct.pack("!HBB", 256, 3, 13) + os.urandom(64))
            yield wire.record(b"\xc0\x0c", 46, struct.pack("!HBBIIIH", 48, 13, 2, 300, 2**31, 0, i) + b"\0" + os.urandom(64))

    return message(records(), question)


def proofs(question):
    """NSEC3 whose owners share nothing but their zone."""
    return message(
        (
            wire.record(b"\x20" + os.urandom(16).hex().encode() + b"\xc0\x0c", 50, bytes([1, 0, 0, 0, 0, 20]) + os.urandom(20))
            for _ in range(2000)
        ),
        question,
    )


def strangers(question):
    """Owners without a common ending, which nobody could write shorter."""
    return message(
        (wire.record(b"\x0f" + os.urandom(15).hex()[:15].encode() + b"\0", wire.A, b"\1\2\3\4") for _ in range(5000)), question
    )


HEAVY = {f.__name__: f for f in (many, chained, keys, proofs, strangers)}


def cost(fwd, name):
    """Processor time of one, over TCP."""
    query = wire.query(name, wire.TXT, edns=wire.opt(flags=wire.DO))
    with fwd.tcp() as stream:
        stream.send(query)
        first = stream.receive()
        before = fwd.cpu()
        for _ in range(COUNT):
            stream.send(query)
            reply = stream.receive()
            assert len(reply) == len(first) and (len(first) > LIMIT - 400 or wire.rcode_of(reply) == wire.SERVFAIL)
        return (fwd.cpu() - before) / COUNT, first


@pytest.mark.parametrize("what", HEAVY)
@pytest.mark.clock
def test_heavy_answers(server, start, what):
    """Asked upstream each time; CPU is counted in hundredths of a second, so it is the sum of many."""
    fwd = warm(start(server))
    for name, make in (("plain", plain), ("heavy", HEAVY[what])):
        server.rule(f"name={name}.test hex={make(wire.question(f'{name}.test', wire.TXT)).hex()}")
    usual, _ = cost(fwd, "plain.test")
    heavy, answer = cost(fwd, "heavy.test")
    verdict = "answered" if wire.rcode_of(answer) == wire.NOERROR else "refused"
    print(f"\n  {what}: {verdict}, {heavy * 1000:.2f} ms of processor for 64 KB, {usual * 1000:.2f} ms for a plain answer")
    assert len(dns.message.from_wire(answer).answer) > 0 or what == "chained"
    assert heavy <= EACH and heavy <= max(SHARE * usual, EACH / 2)


@pytest.mark.clock
def test_nobody_else_waits_for_them(server, start):
    fwd = warm(start(server))
    server.rule(f"name=heavy.test hex={chained(wire.question('heavy.test', wire.TXT)).hex()}")
    alone = honest(fwd, seconds=2, rate=200, prefix="alone")
    alone.check()
    with Honest(fwd, rate=200) as beside:
        cost(fwd, "heavy.test")
    beside.result.check()
    report("p99 of others beside answers of 64 KB", beside.result.p99)
    report("p99 of others alone", alone.p99)
    load(fwd, 100, window=10).check()
