"""An answer that the stream's end cuts is never delivered short: it is asked for again (A66, F03)."""

import pytest
import wire
from conftest import addresses
from load import load
from testserver import expected_a

HOWS = ["fin", "rst", "notify", "alert", "close"]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.clock
def test_cut_at_every_octet(fwd, server, how):
    """Each name is cut once at one place; its second answer is whole and opens the next connection."""
    server.pad(False)
    try:
        fwd.ask("first.cut.test")
        length = 2 + 12 + len(wire.question("k000.cut.test")) + 16 + 11
        for k in range(length + 8):
            name = f"k{k:03}.cut.test"
            server.rule(f"name={name} times=1 cut={k}:{how}")
            reply = fwd.ask(name, use_edns=-1)
            assert reply.rcode() == wire.NOERROR, (k, reply, fwd.log()[-5:])
            assert addresses(reply) == [expected_a(name)]
            assert 1 <= server.count(name) <= 2
            assert server.count(name) == 2 or k > length - 12
        assert server.stat("connections") >= length - 8
    finally:
        server.pad(True)


@pytest.mark.parametrize("how", HOWS)
def test_cut_while_others_wait(fwd, server, how):
    """50 in flight when one answer is cut: all of them are answered."""
    for at in (0, 1, 2, 3, 4, 10, 13, 14, 20, 40):
        server.clear_rules()
        server.rule(f"name=*.among.test skip=20 times=1 cut={at}:{how}")
        server.rule("name=*.among.test delay=20")
        load(fwd, 50, window=50, name=lambda i, at=at: f"a{i}.c{at}.among.test").check()


@pytest.mark.parametrize("how", ["fin", "rst", "notify", "alert"])
def test_first_answer_of_each_connection_is_cut(start_server, start, how):
    """Never a whole answer: three sends, then SERVFAIL with the reason; whoever asks later is served."""
    server = start_server(rules=[f"name=poison.test cut=half:{how}"])
    fwd = start(server)
    reply = fwd.ask("poison.test")
    assert reply.rcode() == wire.SERVFAIL and wire.edes(reply)[0][0] in (22, 23)
    assert server.count("poison.test") <= 3
    assert addresses(fwd.ask("healthy.test")) == [expected_a("healthy.test")]


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_half_answers_now_and_then(fwd, server, how):
    """F03: every 20th answer is cut in the middle, by octets of one record or several."""
    server.rule(f"every=20 cut=half:{how}")
    load(fwd, 600, window=20, rate=1000).check()
    assert server.stat("connections") >= 10


@pytest.mark.parametrize("size", ["bytes", "bytes=2", "bytes=7", "bytes=100"])
def test_small_records(fwd, server, size):
    server.rule(size)
    load(fwd, 100, window=20, edns=True).check()


@pytest.mark.parametrize("how", HOWS)
def test_cut_where_each_octet_is_a_record(fwd, server, how):
    """The end of a record is the end of nothing."""
    server.pad(False)
    try:
        for k in (0, 1, 2, 3, 13, 14, 15, 30, 40, 50, 57):
            name = f"r{k:03}.record.test"
            server.rule(f"name={name} times=1 bytes=1 cut={k}:{how}")
            assert addresses(fwd.ask(name, use_edns=-1)) == [expected_a(name)]
            assert server.count(name) == 2
    finally:
        server.pad(True)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("octets", [16383, 16384, 16385, 40000, 59000])
def test_cut_of_an_answer_that_spans_records(fwd, server, octets, how):
    """Whole records of it are no answer either."""
    server.rule(f"name=size-60000.*.test times=1 cut={octets}:{how}")
    reply = fwd.ask_wire(wire.query(f"size-60000.{how}{octets}.test", wire.TXT), "tcp")
    assert len(reply) > 59000 and wire.parse(reply).rcode() == wire.NOERROR
    assert server.count(f"size-60000.{how}{octets}.test", "TXT") == 2


def test_100_answers_in_one_full_record(fwd, server):
    """16 KB of them: all 100 are delivered, and only what came whole."""
    server.coalesce()
    server.pad(False)
    try:
        fwd.ask("warm.full.test")
        server.rule("name=*.full.test shuffle=100/2000")
        sent = server.stat("records_sent")
        load(fwd, 100, window=100, name=lambda i: f"{'x' * 60}.{'y' * 35}.f{i:02}.full.test").check()
        assert server.stat("records_sent") == sent + 1
    finally:
        server.coalesce(False)
        server.pad(True)


def test_large_record_with_many_answers(fwd, server):
    server.coalesce()
    try:
        server.rule("name=*.many.test shuffle=100")
        load(fwd, 1000, window=500, name=lambda i: f"r{i}.many.test").check()
    finally:
        server.coalesce(False)


def test_answer_that_spans_records(fwd, server):
    reply = fwd.ask_wire(wire.query("size-60000.span.test", wire.TXT), "tcp")
    assert len(reply) > 59000 and wire.parse(reply).rcode() == wire.NOERROR
