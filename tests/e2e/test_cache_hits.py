"""Answers of the cache: what they look like, under which key, and how long."""

import dns.flags
import dns.message
import dns.rdatatype
import pytest
import wire
from cachecase import NXDOMAIN, SERVFAIL, cached, edes, hit, learn, right, ttls, wait_old, want_ad
from conftest import addresses
from testserver import expected_a, wait_for


@pytest.fixture
def fwd(start, server):
    return cached(start, server)


@pytest.mark.parametrize("first", ["udp", "tcp"])
@pytest.mark.parametrize("then", ["udp", "tcp"])
def test_a_hit_is_not_asked_upstream(fwd, server, first, then):
    assert right(learn(fwd, server, "a.test", transport=first), "a.test")
    for _ in range(5):
        assert right(hit(fwd, server, "a.test", transport=then), "a.test")
    stats = fwd.stats()
    assert stats["cache_hits"] == 5 and stats["cache_misses"] == 1 and stats["cache_entries"] == 1
    assert 0 < stats["cache_octets"] <= 256 and stats["upstream_queries"] == 1 and stats["replies"] == 6


def test_without_a_cache(start, server):
    fwd = start(server, {"cache-size": 0})
    for _ in range(3):
        learn(fwd, server, "a.test")
    assert "cache_entries" not in fwd.stats() and fwd.stats()["cache_hits"] == 0


def test_ttl_counts_down(fwd, server):
    """And no answer says more than one before it (A12)."""
    seen = [300]
    learn(fwd, server, "a.test")

    def two_less():
        seen.append(ttls(hit(fwd, server, "a.test"))[0])
        return seen[-1] <= 298

    wait_for(two_less, what="two seconds")
    assert seen == sorted(seen, reverse=True) and set(seen) <= {300, 299, 298, 297}


def test_it_expires(start, server):
    fwd = cached(start, server, serve_stale=0)
    learn(fwd, server, "ttl-1.a.test")
    wait_old(fwd, server, "ttl-1.a.test")


def test_ttl_0_is_not_kept(fwd, server):
    for _ in range(3):
        assert ttls(learn(fwd, server, "ttl-0.a.test")) == [0]


@pytest.mark.parametrize("ttl", [2**31, 2**32 - 1])
def test_top_bit(fwd, server, ttl):
    """A negative TTL is none (RFC 2181 8)."""
    for _ in range(2):
        learn(fwd, server, f"ttl-{ttl}.a.test")


def test_max_ttl(start, server):
    fwd = cached(start, server, cache_max_ttl="100s")
    learn(fwd, server, "ttl-2147483647.a.test")
    assert 98 <= ttls(hit(fwd, server, "ttl-2147483647.a.test"))[0] <= 100
    learn(fwd, server, "ttl-99.a.test")
    assert 97 <= ttls(hit(fwd, server, "ttl-99.a.test"))[0] <= 99


def test_min_ttl(start, server):
    fwd = cached(start, server, cache_min_ttl="1h")
    learn(fwd, server, "ttl-1.a.test")
    assert 3590 <= ttls(hit(fwd, server, "ttl-1.a.test"))[0] <= 3600
    for _ in range(2):
        learn(fwd, server, "ttl-0.a.test")


def test_the_smallest_ttl_counts_for_all(fwd, server):
    """One second and five minutes: gone after one (A12)."""
    learn(fwd, server, "cname-3.ttl-7.a.test")
    assert set(ttls(hit(fwd, server, "cname-3.ttl-7.a.test"))) <= {5, 6, 7}


# -- letters, ids, EDNS ---------------------------------------------------------------


def test_question_and_id_are_the_clients(fwd, server):
    learn(fwd, server, "www.test")
    for name in ("wWw.TeSt", "WWW.TEST", "www.test"):
        query = wire.query(name)
        reply = fwd.ask_wire(query)
        assert reply[:2] == query[:2] and reply[12 : len(query)] == query[12:]
    assert server.count("www.test") == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_edns_is_the_clients(fwd, server, transport):
    learn(fwd, server, "a.test", payload=4096)
    assert hit(fwd, server, "a.test", transport=transport, use_edns=-1).edns < 0
    reply = hit(fwd, server, "a.test", transport=transport)
    assert reply.edns == 0 and reply.payload == 1232 and not reply.options


def test_cut_to_the_clients_limit(fwd, server):
    """A large answer in the cache: TC to a small datagram, whole over TCP."""
    learn(fwd, server, "many-60.a.test", transport="tcp")
    reply = hit(fwd, server, "many-60.a.test", use_edns=-1)
    assert reply.flags & dns.flags.TC and not reply.answer
    reply = hit(fwd, server, "many-60.a.test", payload=4096)
    assert not reply.flags & dns.flags.TC and len(addresses(reply)) == 60
    assert len(addresses(hit(fwd, server, "many-60.a.test", transport="tcp"))) == 60


def test_64k(fwd, server):
    reply = learn(fwd, server, "size-60000.a.test", "TXT", transport="tcp")
    assert hit(fwd, server, "size-60000.a.test", "TXT", transport="tcp").answer == reply.answer
    assert hit(fwd, server, "size-60000.a.test", "TXT").flags & dns.flags.TC


def test_large_hits_pipelined(fwd, server):
    """Far more than a client's output may hold: it is read on as that drains."""
    learn(fwd, server, "size-60000.a.test", "TXT", transport="tcp")
    with fwd.tcp() as t:
        t.send(*[wire.query("size-60000.a.test", 16, id=i) for i in range(60)])
        replies = [t.receive() for _ in range(60)]
    assert [int.from_bytes(r[:2], "big") for r in replies] == list(range(60))
    assert {len(r) > 59000 for r in replies} == {True} and fwd.stats()["bound_tcp_hard"] == 0


def test_flags(fwd, server):
    learn(fwd, server, "a.test")
    reply = hit(fwd, server, "a.test")
    assert reply.flags & dns.flags.RA and reply.flags & dns.flags.RD and not reply.flags & dns.flags.AA


# -- the key --------------------------------------------------------------------------


def test_kept_apart(fwd, server):
    """DO, CD, type: each is a question of its own; AD and EDNS are not."""
    learn(fwd, server, "a.test")
    learn(fwd, server, "a.test", want_dnssec=True)
    learn(fwd, server, "a.test", flags=dns.flags.RD | dns.flags.CD)
    learn(fwd, server, "a.test", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD)
    learn(fwd, server, "a.test", "AAAA")
    for options in ({}, {"want_dnssec": True}, {"flags": dns.flags.RD | dns.flags.CD}):
        reply = hit(fwd, server, "a.test", **options)
        assert bool(reply.ednsflags & dns.flags.DO) == options.get("want_dnssec", False)
        assert bool(reply.flags & dns.flags.CD) == ("flags" in options)


def test_ad_is_asked_for_once(fwd, server):
    """What was asked without AD is asked again for a client that wants it; then both have it."""
    learn(fwd, server, "a.test")
    before = server.count("a.test")
    fwd.ask(want_ad("a.test"))
    assert server.count("a.test") == before + 1
    fwd.ask(want_ad("a.test"))
    hit(fwd, server, "a.test")
    assert server.count("a.test") == before + 1


def test_labels_are_octets(fwd, server):
    """A dot, a zero, a high octet inside a label (A10, A11): all distinct, and asked as they are."""
    names = [b"\x04bank\x04test\0", b"\x09bank.test\0", b"\x06bank\0x\x04test\0", b"\x02a\0\x04test\0", b"\x01\x80\x04test\0"]
    for name in names + [b"\x01\xa0\x04test\0", b"\x01\xc0\x04test\0", b"\x01\xe0\x04test\0"]:
        query = wire.query(name)
        before = server.stat("queries")
        first = fwd.ask_wire(query)
        assert server.stat("queries") == before + 1, name
        assert server.queries(1)[0].data[12:].startswith(name)
        again = fwd.ask_wire(wire.query(name))
        assert server.stat("queries") == before + 1, name
        assert first[12 : len(query)] == again[12 : len(query)] == query[12:]


STRANGERS = [
    "answer/bank.test/A/06060606",
    "answer/bank.test/CNAME/046576696c00",
    "answer/test/DNAME/00",
    "authority/bank.test/NS/046576696c00",
    "additional/bank.test/A/06060606",
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers_answer_for_nobody(fwd, server, stranger):
    """Kaminsky's way in: records about others (A04)."""
    server.rule(f"name=a.test extra={stranger}")
    fwd.ask("a.test")
    for rrtype in ("A", "NS", "CNAME", "DNAME"):
        reply = learn(fwd, server, "bank.test", rrtype)
        assert "6.6.6.6" not in addresses(reply) and "evil" not in reply.to_text()


def test_client_subnet_is_no_key(fwd, server):
    """100 clients, 100 subnets: one question, and none of their bits in it (A05)."""
    replies = []
    for i in range(100):
        query = wire.query("a.test", edns=wire.opt(wire.option(8, bytes([0, 1, 24, 0, 10, i, 7]))))
        replies.append(fwd.ask_wire(query))
    assert server.count("a.test") == 1 and len({r[2:] for r in replies}) == 1
    sent = server.queries(1)[0].data
    assert dict(wire.options_of(wire.parse(sent)))[8] == bytes([0, 1, 0, 0])


# -- what is not, or not long ---------------------------------------------------------


def test_nxdomain(fwd, server):
    first = learn(fwd, server, "nxdomain.a.test")
    assert first.rcode() == NXDOMAIN
    again = hit(fwd, server, "nxdomain.a.test")
    assert again.rcode() == NXDOMAIN and again.authority[0].rdtype == dns.rdatatype.SOA
    assert 58 <= ttls(again)[0] <= 60
    learn(fwd, server, "b.nxdomain.a.test")  # whole answers only: nothing is concluded for others


def test_no_data(fwd, server):
    learn(fwd, server, "a.test", "LOC")
    again = hit(fwd, server, "a.test", "LOC")
    assert again.rcode() == 0 and not again.answer and again.authority[0].rdtype == dns.rdatatype.SOA
    learn(fwd, server, "a.test", "A")


def test_servfail_is_remembered_shortly(fwd, server):
    """What was received, with its reason and word of where it comes from (RFC 9520)."""
    first = learn(fwd, server, "ede-22.a.test")
    assert first.rcode() == SERVFAIL and edes(first) == [22]
    again = hit(fwd, server, "ede-22.a.test")
    assert again.rcode() == SERVFAIL and edes(again) == [13, 22]
    learn(fwd, server, "ede-22.a.test", flags=dns.flags.RD | dns.flags.CD)  # not for CD
    wait_old(fwd, server, "ede-22.a.test")


@pytest.mark.parametrize("rcode", ["REFUSED", "FORMERR", "NOTIMP", "9"])
def test_other_rcodes_are_not_kept(fwd, server, rcode):
    server.rule(f"name=a.test rcode={rcode}")
    fwd.ask("a.test")
    server.clear_rules()
    assert right(learn(fwd, server, "a.test"), "a.test")


@pytest.mark.parametrize("action", ["tc", "nodata", "no-question"])
def test_what_is_no_answer_is_not_kept(fwd, server, action):
    server.rule(f"name=a.test times=1 answer={action},good:delay=20")
    fwd.ask("a.test")
    assert right(fwd.ask("a.test"), "a.test")


def test_failures_of_ours_are_not_kept(start, server):
    fwd = cached(start, server, query_timeout="300ms")
    server.rule("name=a.test none")
    assert fwd.ask("a.test").rcode() == SERVFAIL
    server.clear_rules()
    assert right(learn(fwd, server, "a.test"), "a.test")


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_broken_answers(start, server, count):
    """Never handed on, never kept (A08)."""
    fwd = cached(start, server, query_timeout="2s")
    server.rule("name=*.broken.test mutate=1/broken")
    with fwd.udp_socket() as s:
        for i in range(count):
            s.send(wire.query(f"m{i}.broken.test"))
        for _ in range(count):
            assert dns.message.from_wire(s.recv(4096)).rcode() == SERVFAIL
    server.clear_rules()
    for i in range(count):
        assert right(fwd.ask(f"m{i}.broken.test"), f"m{i}.broken.test")
    assert fwd.stats()["cache_hits"] == 0


def test_signed_queries_pass_by(fwd, server):
    tsig = wire.record(b"\0", 250, bytes.fromhex("00000000000001012c0002abcd424200000000"), 255, 0)
    for _ in range(2):
        before = server.count("a.test")
        fwd.ask_wire(wire.query("a.test", extra=tsig, extra_count=1))
        assert server.count("a.test") == before + 1
    learn(fwd, server, "a.test")


def test_log_says_so(start, server):
    fwd = cached(start, server, log_queries=True)
    fwd.ask("a.test")
    fwd.ask("a.test")
    line = fwd.wait_log(r"info query a\.test\. A from \S+ udp: NOERROR, 1 answers, [\d.]+ ms, cache ttl=(\d+)")
    assert 298 <= int(line[1]) <= 300


def test_workers_share_it(start, server):
    """What one has learnt the other knows."""
    fwd = cached(start, server, workers=2)
    assert right(fwd.ask("a.test"), "a.test")
    for i in range(40):  # each from a port of its own, so that the kernel spreads them
        assert addresses(fwd.ask("a.test", transport="udp" if i % 2 else "tcp")) == [expected_a("a.test")]
    assert server.count("a.test") == 1
