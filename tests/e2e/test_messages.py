"""What is no proper question: FORMERR, NOTIMP, REFUSED or silence, and nothing of it goes upstream (A20-A25, A30, A31)."""

import struct

import pytest
import wire
from conftest import addresses
from testserver import expected_a, wire_name

# standards.md 25.8
LOOP_1 = "ed6900000001000000000000c00cc007c010c017c020c027c030c0ffcf000000010001"
LOOP_2 = "4a3000000001000000000000c00ec00cc010c017c020c027c030c0ffcf000000010001"
SELF_POINTER = "222301000001000000000000c00c00010001"
CUT_WITHOUT_ROOT = "2222010000010000000000000361"
CUT_NAME = "22240100000100000000000003616263"


def h(text):
    return bytes.fromhex(text)


def with_name(raw, **kwargs):
    """A question with these octets for a name."""
    return wire.header(**kwargs) + raw + b"\0\1\0\1"


@pytest.fixture(params=["udp", "tcp"])
def exchange(fwd, request):
    """Sends a message with a probe behind it; what came before the probe's answer."""

    def udp(message):
        with fwd.udp_socket() as s:
            s.send(message)
            s.send(wire.probe(0xBEEF))
            replies = []
            while True:
                reply = s.recv(65535)
                if wire.id_of(reply) == 0xBEEF and wire.rcode_of(reply) == wire.REFUSED:
                    return replies
                replies.append(reply)

    def tcp(message):
        with fwd.tcp() as stream:
            stream.send(message)
            stream.send(wire.probe(0xBEEF))
            replies = []
            while True:
                reply = stream.receive()
                if reply is None:
                    return replies + ["closed"]
                if wire.id_of(reply) == 0xBEEF and wire.rcode_of(reply) == wire.REFUSED:
                    return replies
                replies.append(reply)

    exchange = {"udp": udp, "tcp": tcp}[request.param]
    exchange.transport = request.param
    return exchange


def refused(replies, message, rcode):
    """One well-formed reply with this id and RCODE."""
    assert len(replies) == 1, replies
    reply = wire.parse(replies[0])
    assert reply.id == wire.id_of(message) and reply.flags & wire.QR
    assert reply.rcode() == rcode, reply
    assert not reply.answer and not reply.authority
    assert (reply.flags ^ wire.flags_of(message)) & 0x7800 == 0, "another opcode"
    return reply


# -- names ------------------------------------------------------------------------

NAMES = {
    "loop of pointers 1": h(LOOP_1),
    "loop of pointers 2": h(LOOP_2),
    "label, then pointers for ever": wire.header() + b"\x3e" + b"a" * 62 + b"\xc0\x0c" * 14 + b"\0\1\0\1",
    "pointer to itself": h(SELF_POINTER),
    "pointer forward": with_name(b"\xc0\x0e\1a\0"),
    "pointer into the header": with_name(b"\1a\xc0\x04"),
    "pointer to the name's own begin": with_name(b"\1a\xc0\x0c"),
    "pointer beyond the end": with_name(b"\xff\xff"),
    "pointer as the last octet": wire.header() + b"\1a\xc0",
    "cut before the root": h(CUT_WITHOUT_ROOT),
    "cut inside a label": h(CUT_NAME),
    "label 0x40": with_name(b"\x41a\0"),
    "label 0x80": with_name(b"\x81a\0"),
    "label of 64": with_name(b"\x40" + b"a" * 64 + b"\0"),
    "256 octets": with_name((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"b" * 62 + b"\0"),
    "128 labels": with_name(b"\1a" * 128 + b"\0"),
    "type missing": wire.header() + wire_name("cut.test"),
    "class cut": wire.header() + wire_name("cut.test") + b"\0\1\0",
    "no octet of the question": wire.header(),
}


@pytest.mark.parametrize("what", NAMES)
def test_hostile_names(exchange, server, what):
    refused(exchange(NAMES[what]), NAMES[what], wire.FORMERR)
    assert server.stat("queries") == 0


ODD_NAMES = {
    "255 octets": (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0",
    "254 octets": (b"\x3f" + b"a" * 63) * 3 + b"\x3c" + b"b" * 60 + b"\0",
    "253 octets": (b"\x3f" + b"a" * 63) * 3 + b"\x3b" + b"b" * 59 + b"\0",
    "127 labels": b"\1a" * 127 + b"\0",
    "254 octets that are 4 in text": (b"\x3f" + b"\xff" * 63) * 3 + b"\x3c" + b"\0" * 60 + b"\0",
    "the root": b"\0",
    "a dot inside a label": b"\x09bank.test\0",
    "a NUL inside a label": b"\x06bank\0x\4test\0",
    "a backslash": b"\x05a\\046\4test\0",
    "octets above 127": b"\x03\x80\xe4\xff\4test\0",
}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("what", ODD_NAMES)
def test_odd_names_go_upstream_octet_for_octet(fwd, server, what, transport):
    raw = ODD_NAMES[what]
    message = with_name(raw)
    reply = fwd.ask_wire(message, transport)
    assert wire.rcode_of(reply) == wire.NOERROR
    assert reply[12 : 12 + len(raw) + 4] == message[12:]
    assert server.queries()[-1].data[12 : 12 + len(raw)] == raw
    assert struct.unpack_from("!H", reply, 6)[0] == 1


def test_longest_name_with_a_long_answer(fwd, server):
    """255 octets of name and 65,000 of answer over TCP, the same name cut short by UDP's limit."""
    raw = b"\x0asize-65000" + (b"\x3f" + b"a" * 63) * 3 + b"\x32" + b"b" * 50 + b"\0"
    assert len(raw) == 255
    message = wire.header() + raw + struct.pack("!HH", wire.TXT, 1)
    reply = fwd.ask_wire(message, "tcp")
    assert len(reply) > 60000 and wire.parse(reply).answer
    short = fwd.ask_wire(message, "udp")
    assert wire.flags_of(short) & wire.TC and len(short) <= 512 and wire.parse(short)


def test_case_is_folded_for_ascii_only(fwd, server):
    raw = b"\x05\xc4\xe4Zz[\4TEST\0"
    reply = fwd.ask_wire(with_name(raw))
    assert reply[12 : 12 + len(raw)] == raw
    assert server.queries()[-1].data[12 : 12 + len(raw)] == b"\x05\xc4\xe4zz[\4test\0"


# -- counts and records -------------------------------------------------------------

Q = wire.question("count.test")
COUNTS = {
    "65,535 questions": wire.header(counts=(65535, 0, 0, 0)) + Q,
    "65,535 answers": wire.header(counts=(1, 65535, 0, 0)) + Q,
    "65,535 authorities": wire.header(counts=(1, 0, 65535, 0)) + Q,
    "65,535 additionals": wire.header(counts=(1, 0, 0, 65535)) + Q,
    "all 65,535": wire.header(counts=(65535, 65535, 65535, 65535)),
    "all 65,535 and a question": wire.header(counts=(65535, 65535, 65535, 65535)) + Q,
    "no question": wire.header(counts=(0, 0, 0, 0)),
    "no question, with OPT": wire.header(counts=(0, 0, 0, 1)) + wire.opt(),
    "no question, 9 octets of cookie": wire.header(counts=(0, 0, 0, 1)) + wire.opt(wire.option(wire.COOKIE, b"c" * 9)),
    "two questions, client cookie": wire.header(counts=(2, 0, 0, 1)) + Q + Q + wire.opt(wire.option(wire.COOKIE, b"c" * 8)),
    "two questions": wire.header(counts=(2, 0, 0, 0)) + Q + wire.question("b.test"),
    "the same question twice": wire.header(counts=(2, 0, 0, 0)) + Q + Q,
    "trailing octet": wire.header() + Q + b"x",
    "trailing record": wire.header() + Q + wire.record("bank.test", wire.A, b"\1\2\3\4"),
    "RDLENGTH beyond the end": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("x.test", 1, b"\1\2\3\4", rdlen=5),
    "RDLENGTH 65,535": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("x.test", 16, b"\1a", rdlen=65535),
    "record cut": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("x.test", 1)[:-3],
    "SOA that ends inside": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("x.test", wire.SOA, b"\0\0\0\0\0\1"),
    "CNAME beyond its RDATA": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("x.test", 5, b"\3abc\0", rdlen=3),
    "TSIG not last": wire.header(counts=(1, 0, 0, 2)) + Q + wire.record("k", 250, b"", 255) + wire.record("x", 1),
    "TSIG in the answer": wire.header(counts=(1, 1, 0, 0)) + Q + wire.record("k", 250, b"", 255),
}


@pytest.mark.parametrize("what", COUNTS)
def test_counts_and_records(exchange, server, what):
    refused(exchange(COUNTS[what]), COUNTS[what], wire.FORMERR)
    assert server.stat("queries") == 0


def test_counts_cost_no_memory(fwd):
    message = wire.header(counts=(1, 65535, 65535, 65535)) + Q
    with fwd.tcp() as stream:
        stream.send(message)
        stream.receive()
        before = fwd.rss()
        stream.send(*[message] * 1000)
        for _ in range(1000):
            assert wire.rcode_of(stream.receive()) == wire.FORMERR
    assert fwd.rss() - before < 2 << 20


@pytest.mark.parametrize("size", range(12))
def test_less_than_a_header_is_met_with_silence(fwd, size):
    with fwd.udp_socket() as s:
        s.send(bytes(range(size)))
        s.send(wire.probe(0x1234))
        assert wire.id_of(s.recv(512)) == 0x1234
    assert fwd.stats()["dropped_short"] > 0


@pytest.mark.parametrize("rdlen", [0, 1, 3, 65535])
def test_records_of_every_type_in_a_query(fwd, rdlen):
    """RDATA is never read past its end, whatever its type: an answer or FORMERR, and quickly."""
    types = [*range(0, 300), *range(32760, 32775), *range(65270, 65290), *range(65500, 65536)]
    body = b"\0" * min(rdlen, 3)
    with fwd.tcp() as stream:
        for rrtype in types:
            stream.send(
                wire.header(counts=(1, 1, 0, 0), id=rrtype) + Q + wire.record("x.test", rrtype, body, rdlen=rdlen)
            )
        seen = {}
        for _ in types:
            reply = stream.receive()
            wire.parse(reply)
            seen[wire.id_of(reply)] = wire.rcode_of(reply)
    assert set(seen) == set(types) and set(seen.values()) <= {wire.NOERROR, wire.FORMERR}
    assert seen[41] == wire.FORMERR  # OPT outside the additional section
    if rdlen == 65535:
        assert set(seen.values()) == {wire.FORMERR}
    if rdlen == 0:
        assert seen[1] == seen[65280] == wire.NOERROR


# -- opcodes, QR, classes, types ------------------------------------------------------


@pytest.mark.parametrize("opcode", range(1, 16))
@pytest.mark.parametrize("body", ["question", "header only", "garbage", "OPT version 1"])
def test_other_opcodes(exchange, server, opcode, body):
    rest = {
        "question": Q,
        "header only": b"",
        "garbage": b"\xc0\x0c" * 9,
        "OPT version 1": Q + wire.opt(version=1),
    }[body]
    counts = (0, 0, 0, 0) if body == "header only" else (1, 0, 0, 1 if body == "OPT version 1" else 0)
    message = wire.header(opcode << 11 | 0x01B0, counts) + rest
    (reply,) = exchange(message)
    assert len(reply) == 12 and wire.id_of(reply) == wire.id_of(message)
    assert wire.flags_of(reply) == 0x8000 | opcode << 11 | wire.NOTIMP and reply[4:] == b"\0" * 8
    assert server.stat("queries") == 0


def test_vectors_of_the_standards(exchange):
    """standards.md 25.4: opcode 15, DSO, BADVERS; 25.7: BADVERS with a cookie."""
    vectors = {
        "123478000000000000000000": "1234f8040000000000000000",
        "1234300000000000000000000001000800003a980036ee80": "1234b0040000000000000000",
        "123401000001000000000001076578616d706c6503636f6d000001000100002904d0000100000000": (
            "123481000001000000000001076578616d706c6503636f6d000001000100002904d0010000000000"
        ),
        "8fb3012000010000000000010000100001000029100000ff0000000c000a0008e0fb2d7f2c7ec622": (
            "8fb381000001000000000001000010000100002904d0010000000000"
        ),
    }
    for sent, wanted in vectors.items():
        assert [r.hex() for r in exchange(h(sent))] == [wanted]


def test_refused_without_recursion_desired(exchange, server):
    sent = "123400000001000000000001076578616d706c6503636f6d000001000100002904d0000000000000"
    reply = refused(exchange(h(sent)), h(sent), wire.REFUSED)
    assert not reply.flags & wire.RD and reply.flags & wire.RA
    assert wire.edes(reply)[0][0] == 20
    assert server.stat("queries") == 0


@pytest.mark.parametrize(
    "rrtype, rcode",
    [(41, wire.NOTIMP), (250, wire.NOTIMP), (251, wire.NOTIMP), (252, wire.NOTIMP), (253, wire.NOTIMP)]
    + [(254, wire.NOTIMP), (128, wire.FORMERR)],
)
@pytest.mark.parametrize("rrclass", [1, 3, 255])
@pytest.mark.parametrize("edns", [False, True])
def test_types_that_cannot_be_asked(exchange, server, rrtype, rrclass, rcode, edns):
    message = wire.query("meta.test", rrtype, rrclass, edns=edns)
    refused(exchange(message), message, wire.REFUSED if rrclass == 3 else rcode)
    assert server.stat("queries") == 0


def test_class_chaos_is_refused(exchange, server):
    message = wire.query("version.bind", wire.TXT, 3, edns=True)
    reply = refused(exchange(message), message, wire.REFUSED)
    assert wire.edes(reply)
    assert server.stat("queries") == 0


@pytest.mark.parametrize("what", ["answer", "query with QR", "header only", "garbage", "opcode 4"])
def test_responses_are_not_answered(fwd, server, what):
    message = {
        "answer": wire.header(0x8180, (1, 1, 0, 0)) + Q + wire.record(b"\xc0\x0c", 1, b"\1\2\3\4"),
        "query with QR": wire.header(0x8100) + Q,
        "header only": wire.header(0x8180, (0, 0, 0, 0)),
        "garbage": wire.header(0x8180, (9, 9, 9, 9)) + b"\xff" * 40,
        "opcode 4": wire.header(0xA000) + Q,
    }[what]
    with fwd.udp_socket() as s:
        for _ in range(3):
            s.send(message)
        s.send(wire.probe(0x4321))
        assert wire.id_of(s.recv(512)) == 0x4321
    with fwd.tcp() as stream:
        stream.send(wire.probe(1))
        assert wire.id_of(stream.receive()) == 1
        stream.send(message)
        stream.send(wire.probe(2))
        if what == "garbage":  # as any garbage of a legal length: the next query is answered
            assert wire.id_of(stream.receive()) == 2
        else:
            assert stream.receive_all() == []
    assert server.stat("queries") == 0
    assert fwd.stats()["dropped_response"] >= 4


def test_source_port_0_is_not_answered(fwd):
    """Only a raw socket can send it."""
    import socket

    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        pytest.skip("needs CAP_NET_RAW")
    before = fwd.stats()["queries_udp"]
    message = wire.probe()
    with raw:
        raw.sendto(struct.pack("!HHHH", 0, fwd.port, 8 + len(message), 0) + message, ("127.0.0.1", 0))
    fwd.ask_wire(wire.probe())
    assert fwd.stats()["queries_udp"] == before + 1


# -- signed messages -----------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_signed_messages_pass_untouched(fwd, server, transport):
    """TSIG (RFC 8945 5.5): nothing but the id may change, in either direction."""
    tsig = wire_name("hmac-sha256") + b"\0\0\x5c\xf7\x9f\x11\x01\x2c\0\x20" + b"m" * 32 + b"\xab\xcd\0\0\0\0"
    extra = wire.record("key.test", wire.TSIG, tsig, 255, 0)
    message = wire.query("SiGned.test", extra=extra, extra_count=1, id=0xABCD)
    reply = fwd.ask_wire(message, transport)
    assert server.queries()[-1].data[2:] == message[2:]
    assert wire.id_of(reply) == 0xABCD and wire.rcode_of(reply) == wire.NOERROR
    assert addresses(wire.parse(reply)) == [expected_a("signed.test")]
