"""TCP is a stream: messages come in any pieces, and lengths lie (A32)."""

import os
import random
import socket
import struct

import pytest
import wire
from conftest import addresses
from testserver import expected_a

NAME = "framing.test"


def framed(message, length=None):
    return struct.pack("!H", len(message) if length is None else length) + message


def question(i=0):
    return wire.query(NAME, id=i)


def good(reply, i=0):
    assert reply is not None and wire.id_of(reply) == i
    assert addresses(wire.parse(reply)) == [expected_a(NAME)]


def answered(fwd):
    """Another client, afterwards."""
    good(fwd.ask_wire(question(9), "tcp"), 9)


def drain(stream):
    """All replies up to the end; NOTIMP of any opcode is a bare header, which dnspython does not take."""
    for reply in (replies := stream.receive_all()):
        assert wire.flags_of(reply) & wire.QR
        assert len(reply) == 12 or wire.parse(reply)
    return replies


@pytest.mark.parametrize("at", range(len(framed(question())) + 1))
def test_split_at_every_octet(fwd, at):
    data = framed(question())
    with fwd.tcp() as stream:
        stream.write(data[:at])
        # The first piece has arrived before the second leaves: a reply to another client proves a turn of the loop.
        fwd.ask_wire(wire.probe())
        stream.write(data[at:])
        good(stream.receive())


def test_octet_by_octet(fwd):
    with fwd.tcp() as stream:
        for i in range(3):
            for octet in framed(question(i)):
                stream.write(bytes([octet]))
            good(stream.receive(), i)


def test_500_messages_in_one_write(fwd):
    with fwd.tcp() as stream:
        stream.write(b"".join(framed(question(i)) for i in range(500)))
        replies = [stream.receive() for _ in range(500)]
    assert sorted(wire.id_of(r) for r in replies) == list(range(500))
    for reply in replies:
        good(reply, wire.id_of(reply))


def test_random_pieces(fwd):
    chance = random.Random(7)
    data = b"".join(framed(question(i)) for i in range(300))
    with fwd.tcp() as stream:
        at = 0
        while at < len(data):
            n = chance.choice([1, 2, 3, 5, 30, 31, 32, 33, 100, 1000])
            stream.write(data[at : at + n])
            at += n
        assert sorted(wire.id_of(stream.receive()) for _ in range(300)) == list(range(300))


@pytest.mark.clock
def test_out_of_order(fwd, server):
    server.rule("name=slow.framing.test delay=300")
    with fwd.tcp() as stream:
        stream.send(wire.query("slow.framing.test", id=1), wire.query("fast.framing.test", id=2))
        assert [wire.id_of(stream.receive()) for _ in range(2)] == [2, 1]


@pytest.mark.parametrize("length", range(12))
def test_impossible_prefix(fwd, server, length):
    """What was asked before is answered, then the connection ends."""
    server.rule(f"name={NAME} delay=50")
    before = fwd.stats()["tcp_bad_frames"]
    with fwd.tcp() as stream:
        stream.write(framed(question(1)) + framed(question(2)) + framed(b"x" * length) + framed(question(3)))
        replies = stream.receive_all()
    assert sorted(wire.id_of(r) for r in replies) == [1, 2]
    assert fwd.stats()["tcp_bad_frames"] == before + 1
    answered(fwd)


@pytest.mark.parametrize("length", [13, 12, 100, 65535])
@pytest.mark.clock
def test_prefix_larger_than_data(server, start, length):
    """Waited for until the deadline, then closed; an earlier query is answered."""
    fwd = start(server, {"tcp-idle-timeout": "1s"})
    with fwd.tcp() as stream:
        stream.write(framed(question(1)) + framed(b"y" * min(11, length), length))
        good(stream.receive(), 1)
        assert stream.closed()
    assert fwd.stats()["tcp_timeouts"] == 1
    answered(fwd)


@pytest.mark.parametrize("length", [12, 13, 17, 1024, 16383, 16384, 65533, 65535])
@pytest.mark.parametrize("times", [1, 3])
def test_garbage_of_legal_length(fwd, length, times):
    """It may be told FORMERR; the next query is answered."""
    chance = random.Random(length)
    with fwd.tcp() as stream:
        for _ in range(times):
            garbage = bytearray(chance.randbytes(length))
            garbage[2] &= 0x7F  # no response
            garbage[4:6] = b"\xff\xff"
            stream.write(framed(bytes(garbage)))
        stream.write(framed(question(0xFACE)))
        for _ in range(times + 1):
            reply = stream.receive()
            if wire.id_of(reply) == 0xFACE and wire.rcode_of(reply) == 0:
                break
            assert wire.rcode_of(reply) in (wire.FORMERR, wire.NOTIMP)
        good(reply, 0xFACE)


@pytest.mark.parametrize("length, count", [(65533, 100), (1024, 1000), (12, 20000), (0, 100000)])
def test_floods_of_garbage(fwd, length, count):
    message = framed(struct.pack("!HHHHHH", 0, 0x8100, 9, 9, 9, 9)[:length] + b"\xee" * max(0, length - 12))
    with fwd.tcp() as stream:
        try:
            for _ in range(0, count, 100):
                stream.write(message * 100)
            stream.send(question(5))
            good(stream.receive(), 5)
        except ConnectionError:
            assert length == 0  # closed at the first
    answered(fwd)


@pytest.mark.parametrize("octets", [1, 2, 3, 1024, 65533, 200000])
def test_octets_without_a_frame(fwd, octets):
    """Random octets from the first on: whatever is made of them, it ends in good order."""
    with fwd.tcp() as stream:
        try:
            stream.write(os.urandom(octets))
            stream.shutdown()
            drain(stream)
        except ConnectionError:
            pass
    answered(fwd)


@pytest.mark.parametrize("length", [1, 11, 12, 14, 29])
def test_prefix_shorter_than_the_message(fwd, length):
    """The rest is read as prefixes: the connection may end, nothing else may."""
    with fwd.tcp() as stream:
        stream.write(framed(question(1)) + framed(question(2), length))
        stream.shutdown()
        replies = {wire.id_of(r): r for r in drain(stream)}
    good(replies.pop(1), 1)
    assert all(wire.rcode_of(r) == wire.FORMERR for r in replies.values() if length < 29)
    answered(fwd)


@pytest.mark.parametrize("octets", [1, 8, 1024, 4096, 20000])
def test_octets_behind_the_message(fwd, octets):
    with fwd.tcp() as stream:
        stream.write(framed(question(1) + b"t" * octets) + framed(question(2)))
        replies = {wire.id_of(r): r for r in (stream.receive(), stream.receive())}
    assert wire.rcode_of(replies[1]) == wire.FORMERR
    good(replies[2], 2)


@pytest.mark.parametrize("octets", [0, 1, 2, 3, 13, 30])
def test_end_of_input_inside_a_frame(fwd, octets):
    with fwd.tcp() as stream:
        stream.write(framed(question(1)) + framed(question(2))[:octets])
        stream.shutdown()
        replies = stream.receive_all()
    assert [wire.id_of(r) for r in replies] == [1]


def test_urgent_data(fwd):
    with fwd.tcp() as stream:
        data = framed(question(1))
        stream.write(data[:9])
        stream.socket.send(b"!", socket.MSG_OOB)
        stream.write(data[9:])
        stream.write(framed(question(2)))
        stream.shutdown()
        drain(stream)
    answered(fwd)


def test_resets_at_every_point(fwd):
    for octets in range(0, 64, 3):
        stream = fwd.tcp()
        stream.write((framed(question(1)) + framed(question(2)))[:octets])
        stream.reset()
    answered(fwd)


def test_longest_message(fwd):
    """65,535 octets from a client, in one piece and in many."""
    message = wire.query(NAME, id=7, edns=wire.opt(wire.option(65001, b"z" * (65535 - 12 - 18 - 15))))
    assert len(message) == 65535
    with fwd.tcp() as stream:
        stream.send(message)
        good(stream.receive(), 7)
        for at in range(0, 65537, 1000):
            stream.write(framed(message)[at : at + 1000])
        good(stream.receive(), 7)
