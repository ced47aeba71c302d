"""EDNS is hop by hop: what a client's OPT says is obeyed, and nothing of it but four options goes up (A26-A28, A68, A69)."""

import os
import struct

import dns.exception
import dns.flags
import dns.message
import pytest
import wire
from conftest import addresses
from testserver import expected_a

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
OURS = [(wire.ECS, b"\0\1\0\0"), (wire.KEEPALIVE, b"")]


def asked(server, name):
    """The one query for this name that the server saw: (message, options)."""
    found = [q for q in server.queries() if wire.name(name) in q.data]
    assert len(found) == 1, found
    return found[0].data, wire.raw_options(found[0].data)


def check_upstream_query(server, name, copied=()):
    """Exactly one OPT, last, with our options and padding behind them, 128 octets each."""
    data, options = asked(server, name)
    assert len(data) % 128 == 0
    code, padding = options.pop()
    if options[-1][0] == wire.COOKIE:  # the first of a connection: this server does none
        assert len(options.pop()[1]) == 8
    assert options == [*copied, *OURS]
    assert code == wire.PADDING and padding == b"\0" * len(padding)
    message = wire.parse(data)
    assert message.payload == 4096 and message.edns == 0
    return data, message


# -- to the upstream ------------------------------------------------------------------


@TRANSPORTS
@pytest.mark.parametrize("edns", [None, True])
def test_our_options_only(fwd, server, transport, edns):
    fwd.ask_wire(wire.query("own.test", edns=edns), transport)
    data, _ = check_upstream_query(server, "own.test")
    assert len(data) == 128


@TRANSPORTS
@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 100])
def test_identifying_options_end_here(fwd, server, transport, code):
    data = {wire.ECS: b"\0\1\x18\0\xc0\0\2", wire.COOKIE: b"c" * 8, wire.KEEPALIVE: b""}.get(code, b"\0\0who-I-am")
    reply = fwd.ask_wire(wire.query(f"code{code}.test", edns=wire.opt(wire.option(code, data))), transport)
    assert wire.rcode_of(reply) == wire.NOERROR
    check_upstream_query(server, f"code{code}.test")
    mine = [c for c, _ in wire.raw_options(reply)]
    assert mine == ([code] if code == wire.COOKIE or code == wire.KEEPALIVE and transport == "tcp" else [])
    assert b"c" * 8 not in server.queries()[-1].data


def test_vendor_options_end_here(fwd, server):
    for code in (20292, 26946, *range(65001, 65535, 50), 65534):
        name = f"vendor{code}.test"
        fwd.ask_wire(wire.query(name, edns=wire.opt(wire.option(code, b"mac 00:11:22"))))
        check_upstream_query(server, name)


@TRANSPORTS
def test_four_options_are_copied(fwd, server, transport):
    """RFC 6975 for a forwarder that does not validate, RFC 8145; in the order of their codes."""
    copied = [(wire.DAU, b"\x05\x07\x08"), (wire.DHU, b"\1\2"), (wire.N3U, b"\1"), (wire.KEY_TAG, b"\x4f\x66")]
    mixed = [copied[3], (wire.COOKIE, b"x" * 8), copied[1], copied[0], (65001, b"me"), copied[2]]
    edns = wire.opt(b"".join(wire.option(*o) for o in mixed), flags=wire.DO)
    reply = fwd.ask_wire(wire.query("copied.test", edns=edns), transport)
    data, message = check_upstream_query(server, "copied.test", copied)
    assert message.ednsflags & wire.DO and b"x" * 8 not in data
    assert [code for code, _ in wire.raw_options(reply)] == [wire.COOKIE]


def test_of_an_option_that_is_repeated_the_first_counts(fwd, server):
    twice = [(wire.DAU, b"\5"), (wire.DAU, b"\7"), (wire.KEY_TAG, b"\0\1"), (wire.KEY_TAG, b"\0\2")]
    fwd.ask_wire(wire.query("twice.test", edns=wire.opt(b"".join(wire.option(*o) for o in twice))))
    check_upstream_query(server, "twice.test", [twice[0], twice[2]])


def test_captured_queries(fwd, server):
    """standards.md 25.7: what clients really send; all are answered."""
    captured = """
        a30b01200001000000000001076578616d706c6503636f6d0000010001000029100000000000000b0008000700011800c00002
        85bd01200001000000000001076578616d706c6503636f6d00000100010000291000000000000015000800110002640020010db885a3000000008a2e00
        761101200001000000000001076578616d706c6503636f6d0000010001000029100000000000000c000a0008a954d29208767b5c
        cdd001200001000000000001076578616d706c6503636f6d00000100010000291000000080000006000500020607
        e1d001200001000000000001076578616d706c6503636f6d0000010001000029100000008000000f00050001fd00060001020007000101
        381101200001000000000001076578616d706c6503636f6d00000100010000291000000000000006000b000204d2
        0f3601200001000000000001076578616d706c6503636f6d00000100010000291000000080000008000e00047530ea60
        67d401200001000000000001076578616d706c6503636f6d0000010001000029100000000000000400030000
        400201200001000000000001076578616d706c6503636f6d00000100010000291000000000000008004d0004deadbeef
        18e501200001000000000001076578616d706c6503636f6d0000010001000029100000000000000a000c0006000000000000
        725301200001000000000001076578616d706c6503636f6d00000100010000291000000000000028000300080123456789abcdef000c000c000000000000000000000000000a0008aaaaaaaaaaaaaaaa
    """.split()
    for text in captured:
        message = bytes.fromhex(text)
        reply = wire.parse(fwd.ask_wire(message))
        assert reply.rcode() == wire.NOERROR and reply.id == wire.id_of(message) and addresses(reply)
        assert reply.edns == 0 and {int(o.otype) for o in reply.options} <= {wire.COOKIE}
    seen = [wire.raw_options(q.data) for q in server.queries()]
    assert len(seen) == len(captured)
    kept = [[o for o in options if o[0] not in (wire.ECS, wire.KEEPALIVE, wire.COOKIE, wire.PADDING)] for options in seen]
    assert kept == [[], [], [], [(5, b"\6\7")], [(5, b"\xfd"), (6, b"\2"), (7, b"\1")], [], [(14, b"u0\xea`")]] + [[]] * 4
    assert {options[-1][0] for options in seen} == {wire.PADDING}
    assert {len(q.data) for q in server.queries()} == {128}


def test_every_length_of_name_is_padded(fwd, server):
    """Names of 1 to 255 octets, with and without EDNS: the length on the wire has at most four values."""
    names = [b"\0"]
    for length in range(3, 256):
        left, raw = length - 1, b""
        while left:
            take = min(64, left) if left - min(64, left) != 1 else 62
            raw += bytes([take - 1]) + b"p" * (take - 1)
            left -= take
        names.append(raw + b"\0")
    assert sorted({len(n) for n in names}) == [1, *range(3, 256)]
    with fwd.tcp() as stream:
        for edns in (None, wire.opt(wire.option(wire.PADDING, b"\0" * 50) + wire.option(wire.DAU, b"\7"))):
            for raw in names:
                stream.send(wire.header(counts=(1, 0, 0, bool(edns))) + raw + b"\0\1\0\1" + (edns or b""))
            for _ in names:
                assert wire.raw_options(stream.receive()) in (None, [])
    queries = server.queries()
    assert len(queries) == 2 * len(names)
    assert {len(q.data) % 128 for q in queries} == {0} and len({len(q.data) for q in queries}) <= 3
    assert all(wire.raw_options(q.data)[-1][0] == wire.PADDING for q in queries)


def test_one_record_holds_prefix_and_message(fwd, server):
    """standards.md 6.2: one query at a time is one record of 2 + 128 octets."""
    for i in range(20):
        fwd.ask(f"record{i}.test")
    assert {(q.record, q.span) for q in server.queries()} == {(130, 1)}


# -- hostile OPTs ------------------------------------------------------------------------

Q = wire.question("opt.test")


def with_records(records, counts=None):
    return wire.header(counts=counts or (1, 0, 0, len(records))) + Q + b"".join(records)


BROKEN = {
    "two OPT": with_records([wire.opt(), wire.opt()]),
    "two OPT with a record between": with_records([wire.opt(), wire.record("x.test", 1, b"abcd"), wire.opt()]),
    "owner is not the root": with_records([wire.opt(owner=b"\1a\0")]),
    "owner is a pointer": with_records([wire.opt(owner=b"\xc0\x0c")]),
    "OPT in the answer section": with_records([wire.opt()], (1, 1, 0, 0)),
    "OPT in the authority section": with_records([wire.opt()], (1, 0, 1, 0)),
    "OPT in the answer, record behind": with_records([wire.opt(), wire.record("bank.test", 1, b"abcd")], (1, 1, 0, 1)),
    "RDLENGTH beyond the end": with_records([wire.opt(rdlen=4)]),
    "octets behind it": with_records([wire.opt(wire.option(10, b"c" * 8))]) + b"\0",
    "RDLENGTH one too short": with_records([wire.opt(wire.option(77, b"abc"), rdlen=6)]),
    "record behind it that is not counted": with_records([wire.opt()]) + wire.record("bank.test", 1, b"abcd"),
}
BAD_OPTIONS = {
    "option length past the end": wire.opt(wire.option(10, b"c" * 8, 9)),
    "option length 65,535": wire.opt(wire.option(12, b"", 65535)),
    "option header cut": wire.opt(b"\0\x0c\0"),
    "one octet": wire.opt(b"\0"),
    "good option, then a broken one": wire.opt(wire.option(3) + b"\0\x0a\0\x08abc"),
}


@TRANSPORTS
@pytest.mark.parametrize("what", BROKEN)
def test_broken_opt(fwd, server, what, transport):
    reply = wire.parse(fwd.ask_wire(BROKEN[what], transport))
    assert reply.rcode() == wire.FORMERR and reply.id == wire.id_of(BROKEN[what])
    assert server.stat("queries") == 0


@TRANSPORTS
@pytest.mark.parametrize("what", BAD_OPTIONS)
def test_broken_option_list(fwd, server, what, transport):
    """FORMERR with an OPT: that is how a client knows that we speak EDNS (RFC 6891 7)."""
    message = with_records([BAD_OPTIONS[what]])
    reply = wire.parse(fwd.ask_wire(message, transport))
    assert reply.rcode() == wire.FORMERR and reply.edns == 0 and reply.question
    assert server.stat("queries") == 0


@pytest.mark.parametrize("data", [b"\0", b"\0\x64", b"abc"])
def test_keepalive_with_a_value(fwd, data):
    message = wire.query("keep.test", edns=wire.opt(wire.option(wire.KEEPALIVE, data)))
    over_tcp = wire.parse(fwd.ask_wire(message, "tcp"))
    assert over_tcp.rcode() == wire.FORMERR and over_tcp.edns == 0
    assert wire.rcode_of(fwd.ask_wire(message, "udp")) == wire.NOERROR  # ignored there (RFC 7828 3.2.1)


@TRANSPORTS
@pytest.mark.parametrize("version", [1, 2, 128, 255])
@pytest.mark.parametrize("options", [b"", wire.option(100, b"x"), b"\0\x0a\xff\xff"])
def test_versions_to_come(fwd, server, transport, version, options):
    reply = wire.parse(fwd.ask_wire(wire.query("v.test", edns=wire.opt(options, version=version)), transport))
    assert reply.rcode() == wire.BADVERS and reply.edns == 0 and not reply.options and not reply.answer
    assert server.stat("queries") == 0


def monsters():
    yield "16,000 empty options", b"".join(wire.option(65001 + i % 500) for i in range(16000))
    for code, name in ((wire.COOKIE, "cookies"), (wire.PADDING, "paddings"), (wire.NSID, "NSIDs")):
        yield f"500 {name}", wire.option(code, b"z" * 8) * 500
        yield f"{name} that fill the message", wire.option(code, b"z" * 100) * 625
        yield f"one of {name} with 65,000", wire.option(code, b"z" * 65000)
    yield "mixed", b"".join(wire.option(code, b"y" * (i % 40)) for i in range(500) for code in (10, 12, 3))
    yield "4,000 DAU", wire.option(wire.DAU, b"\x08") * 4000
    yield "DAU of 512", wire.option(wire.DAU, b"\x08" * 512)
    yield "DAU of 513", wire.option(wire.DAU, b"\x08" * 513)
    yield "DAU of 65,000", wire.option(wire.DAU, b"\x08" * 65000)
    yield "all four of 512", b"".join(wire.option(c, bytes(512)) for c in (5, 6, 7, 14))
    yield "all four of 16,000", b"".join(wire.option(c, bytes(16000)) for c in (5, 6, 7, 14))
    yield "up to the last octet", wire.option(65001, b"w" * (65535 - 12 - len(wire.question("monster.test")) - 15))


MONSTERS = dict(monsters())


@pytest.mark.parametrize("what", MONSTERS)
def test_monsters(fwd, server, what):
    options = MONSTERS[what]
    message = wire.query("monster.test", edns=wire.opt(options))
    reply = wire.parse(fwd.ask_wire(message, "tcp"))
    cookies = [len(data) for code, data in split(options) if code == wire.COOKIE]
    if cookies and cookies[0] != 8:  # the first counts, and a length that cannot be
        assert reply.rcode() == wire.FORMERR and reply.edns == 0 and not reply.options
        assert server.stat("queries") == 0
        return
    assert reply.rcode() == wire.NOERROR and addresses(reply) == [expected_a("monster.test")]
    copied = []
    for code in (5, 6, 7, 14):
        first = [data for c, data in split(options) if c == code][:1]
        copied += [(code, data) for data in first if 0 < len(data) <= 512]
    check_upstream_query(server, "monster.test", copied)


def split(options):
    at, found = 0, []
    while at < len(options):
        code, length = struct.unpack_from("!HH", options, at)
        found.append((code, options[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def test_monsters_cost_as_their_length(fwd):
    """16,000 options over and over: the time per octet is that of any message, nothing grows with its square."""
    with fwd.tcp() as stream:
        message = wire.query("cost.test", flags=0, edns=wire.opt(MONSTERS["16,000 empty options"]))
        stream.send(message)
        stream.receive()
        before = fwd.cpu()
        for _ in range(200):
            stream.send(message)
            assert wire.rcode_of(stream.receive()) == wire.REFUSED
    assert fwd.cpu() - before < 5  # about 0.02 s


# -- sizes of answers --------------------------------------------------------------------


@pytest.mark.parametrize("client", [None, 0, 1, 511, 512, 513, 1231, 1232, 1233, 4096, 65535])
def test_grid_of_sizes(fwd, server, client):
    """UDP answers stay below min(max(512, client), 1232); what is cut has TC=1, its question and its OPT."""
    limit = min(max(512, client or 0), 1232)
    server.pad(False)
    try:
        for size in [100, 400, 480, 500, 505, 512, 520, 800, 1150, 1200, 1216, 1221, 1232, 1233, 1300, 4096, 30000, 64000]:
            for ede in (False, True):
                name = f"size-{size}.{'e' if ede else 'n'}.grid.test"
                if ede:
                    server.rule(f"name={name} ede=22/250")
                edns = wire.opt(size=client) if client is not None else b""
                message = wire.query(name, wire.TXT, edns=edns)
                reply = fwd.ask_wire(message)
                whole = fwd.ask_wire(message, "tcp")
                parsed = wire.parse(reply)
                assert len(reply) <= limit
                assert reply[12 : 12 + len(wire.question(name))] == wire.question(name, wire.TXT)
                assert (parsed.edns == 0) == (client is not None)
                plain = len(whole) - (parsed.edns == 0 and sum(4 + len(d) for _, d in wire.raw_options(whole)))
                assert bool(parsed.flags & dns.flags.TC) == (plain > limit), (size, ede, plain, limit)
                if parsed.flags & dns.flags.TC:
                    assert not parsed.answer and not parsed.authority
                else:
                    assert parsed.answer == wire.parse(whole).answer and parsed.answer
                if client is not None and ede:
                    reasons = wire.edes(wire.parse(whole))
                    assert reasons and reasons[0][0] == 22 and len(reasons[0][1]) <= 200
    finally:
        server.pad(True)


@pytest.mark.clock
def test_server_truncation_is_handed_on(fwd, server):
    server.rule("name=tc.test tc")
    for transport in ("udp", "tcp"):
        reply = fwd.ask("tc.test", transport=transport)
        assert reply.flags & dns.flags.TC and not reply.answer
    assert server.count("tc.test") == 2


def long_answer(question, length, opt=b""):
    """A message of exactly `length` octets with one record of an unknown type."""
    fixed = 12 + len(question) + 12 + len(opt)
    body = os.urandom(length - fixed)
    counts = (1, 1, 0, bool(opt))
    return wire.header(0x8180, counts, 0) + question + wire.record(b"\xc0\x0c", 65280, body) + opt


@pytest.mark.parametrize("length", [65535, 65534, 65525, 65524, 65523, 65000])
@pytest.mark.parametrize("opt", ["no OPT", "OPT", "OPT with EDE"])
@pytest.mark.parametrize("client_edns", [False, True])
def test_longest_answers_over_tcp(fwd, server, length, opt, client_edns):
    """Octet for octet but for id and OPT; no room for an OPT that we owe: TC=1, never an overflow."""
    question = wire.question("long.test", 65280)
    theirs = {"no OPT": b"", "OPT": wire.opt(), "OPT with EDE": wire.opt(wire.option(15, b"\0\x16" + b"why " * 60))}[opt]
    answer = long_answer(question, length, theirs)
    server.rule(f"name=long.test hex={answer.hex()}")
    reply = fwd.ask_wire(wire.query("long.test", 65280, edns=client_edns), "tcp")
    records = answer[12 + len(question) : len(answer) - len(theirs)]
    ours = 11 if client_edns else 0
    if 12 + len(question) + len(records) + ours > 65535:
        assert wire.flags_of(reply) & wire.TC and not wire.parse(reply).answer
        return
    assert wire.flags_of(reply) & ~wire.AD == 0x8180
    assert reply[12 : 12 + len(question)] == question
    body = reply[12 + len(question) :]
    assert body[: len(records)] == records
    tail = body[len(records) :]
    assert bool(tail) == client_edns
    if tail:
        assert tail[:11] == wire.opt(b"", rdlen=len(tail) - 11)


def test_65535_octets_with_records_behind_the_opt(fwd, server):
    server.rule("name=*.behind.test opt-not-last")
    reply = fwd.ask("many-3.behind.test", transport="tcp")
    assert sorted(addresses(reply)[:3]) == sorted(expected_a("many-3.behind.test", i) for i in range(3))
    assert len(reply.additional) == 1 or len(reply.additional) == 2
    server.rule("name=*.lost.test extra=additional/other.lost.test/A/c6120001 opt-not-last")
    reply = fwd.ask("size-50000.lost.test", "TXT", "tcp")
    assert reply.answer and any(rrset.name.to_text() == "other.lost.test." for rrset in reply.additional)


@pytest.mark.parametrize("spoil", ["opt-twice", "opt-in-answer", "trailing", "trailing=1", "short=40"])
@pytest.mark.clock
def test_spoiled_answers_never_reach_a_client(fwd, server, spoil):
    """They are asked for once more, then it is a SERVFAIL with the reason (A08)."""
    server.rule(f"name=*.spoiled.test {spoil}")
    reply = fwd.ask("a.spoiled.test")
    assert reply.rcode() == wire.SERVFAIL and wire.edes(reply)[0][0] == 24
    assert server.count("a.spoiled.test") == 2


@pytest.mark.parametrize("seed", range(8))
def test_mutated_answers_never_reach_a_client(fwd, server, seed):
    """A08: 1,000 mutants in all; a client gets what parses to the last octet, or SERVFAIL."""
    server.rule(f"name=*.mutant.test mutate={seed}/broken")
    with fwd.tcp() as stream:
        ids = {}
        for i in range(125):
            message = wire.query(f"m{i}.s{seed}.mutant.test", edns=True, id=i)
            ids[i] = message
            stream.send(message)
        for _ in range(125):
            reply = stream.receive()
            asked_for = ids.pop(wire.id_of(reply))
            parsed = dns.message.from_wire(reply)
            assert parsed.question == dns.message.from_wire(asked_for).question
            assert parsed.rcode() == wire.SERVFAIL and wire.edes(parsed)[0][0] == 24
    assert not ids


@pytest.mark.parametrize("seed", range(4))
def test_answers_mutated_anyhow_stay_parsable(fwd, server, seed):
    server.rule(f"name=*.any.test mutate={seed}/any")
    with fwd.tcp() as stream:
        for i in range(100):
            stream.send(wire.query(f"cname-2.m{i}.any.test", edns=i % 2 == 0, id=i))
        seen = set()
        for _ in range(100):
            reply = stream.receive()
            seen.add(wire.id_of(reply))
            try:
                dns.message.from_wire(reply)
            except dns.exception.DNSException as error:
                # RDATA that its own type does not allow is opaque to a forwarder; structure never is.
                assert walk(reply) == len(reply), (error, reply)
    assert seen == set(range(100))


def walk(message):
    counts = struct.unpack_from("!HHHH", message, 4)
    at = 12
    for _ in range(counts[0]):
        at = wire.skip_name(message, at) + 4
    for _ in range(sum(counts[1:])):
        at = wire.skip_record(message, at)
    return at


# -- standards.md 5.5: the conformance battery ---------------------------------------------

NAME = "example.com"


def battery(**kwargs):
    return wire.query(NAME, **kwargs)


@TRANSPORTS
@pytest.mark.parametrize("rrtype", [wire.SOA, 1000])
def test_battery_1_2_8_without_edns(fwd, transport, rrtype):
    reply = wire.parse(fwd.ask_wire(battery(rrtype=rrtype), transport))
    assert reply.rcode() == wire.NOERROR and reply.edns < 0 and not reply.flags & wire.AD
    assert reply.flags & wire.RD and reply.flags & wire.RA
    assert reply.answer or reply.authority


@TRANSPORTS
@pytest.mark.parametrize("flag, back", [(wire.CD, wire.CD), (wire.AD, 0), (wire.Z, 0)])
def test_battery_3_to_6_flags(fwd, server, transport, flag, back):
    reply = wire.parse(fwd.ask_wire(battery(flags=wire.RD | flag), transport))
    assert reply.rcode() == wire.NOERROR
    assert reply.flags & (wire.CD | wire.AD | wire.Z | wire.RD | wire.RA) == back | wire.RD | wire.RA
    assert wire.flags_of(server.queries()[-1].data) & wire.Z == 0


@TRANSPORTS
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("flag", [0, 0x0040, wire.DO])
@pytest.mark.parametrize("options", [b"", wire.option(100, b"abc")])
def test_battery_9_to_17_edns(fwd, transport, version, flag, options):
    message = battery(rrtype=wire.SOA, edns=wire.opt(options, version=version, flags=flag))
    reply = wire.parse(fwd.ask_wire(message, transport))
    assert reply.rcode() == (wire.BADVERS if version else wire.NOERROR)
    assert reply.edns == 0 and reply.ednsflags & 0xFFFF == flag & wire.DO and not reply.options
    assert not (reply.answer and version)


def test_battery_15_small_buffer(fwd, server):
    edns = wire.opt(size=512, flags=wire.DO)
    reply = fwd.ask_wire(wire.query("size-1700.example.com", wire.TXT, edns=edns))
    parsed = wire.parse(reply)
    assert len(reply) <= 512 and parsed.flags & wire.TC and parsed.edns == 0 and parsed.ednsflags & wire.DO


@TRANSPORTS
def test_battery_18_many_options(fwd, transport):
    options = wire.option(wire.NSID) + wire.option(wire.COOKIE, b"c" * 8)
    options += wire.option(wire.ECS, b"\0\1\x18\0\xc0\0\2") + wire.option(wire.EXPIRE)
    reply = wire.parse(fwd.ask_wire(battery(edns=wire.opt(options)), transport))
    assert reply.rcode() == wire.NOERROR and reply.edns == 0
    assert [int(o.otype) for o in reply.options] == [wire.COOKIE]  # the only one that the listener does
