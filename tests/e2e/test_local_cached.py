"""What is answered, made or refused here, with the cache on: a hit, an old answer and a joined query are no way around."""

import ipaddress
import struct

import pytest
import wire
from cachecase import cached, edes, hit, is_stale, learn, right, ttls
from conftest import addresses
from machine import Stopwatch
from test_local_dns64 import PREFIX, in_prefix
from test_local_rebind import address_record, answer_with, check_refused
from testserver import expected_a, wait_for

V4_ONLY = "a-198-51-100-7.test"
MADE = [in_prefix("198.51.100.7")]
INSIDE = "a-10-0-0-1.x.test"
GUARD = {"private_address": ["all"], "private_address_except": ["plex.test"]}


def a_second_passes():
    watch = Stopwatch()
    wait_for(lambda: watch.own() > 1.2, what="a second")


def ask_together(fwd, server, name, rrtype=wire.A, count=20):
    """Replies to equal questions that were in flight at the same time."""
    server.pause()
    with fwd.udp_socket() as s:
        for i in range(count):
            s.send(wire.query(name, rrtype, id=i, edns=True))
        wait_for(lambda: fwd.stats()["queries_inflight"] == count, what="all in flight")
        server.pause(False)
        replies = [s.recv(4096) for _ in range(count)]
    assert sorted(map(wire.id_of, replies)) == list(range(count))
    assert fwd.stats()["joined"] >= count - 1
    return [wire.parse(r) for r in replies]


# -- rebinding ------------------------------------------------------------------------------


def test_refused_is_never_kept(start, server):
    fwd = cached(start, server, **GUARD)
    for i in range(3):
        check_refused(learn(fwd, server, INSIDE))
    stats = fwd.stats()
    assert (stats["refused_private"], stats["cache_hits"], stats["cache_stale"]) == (3, 0, 0)
    assert fwd.wait_log(r"cache_stored=(\d+)")[1] == "0"


def test_exceptions_are_kept(start, server):
    fwd = cached(start, server, **GUARD)
    for get in (learn, hit):
        assert addresses(get(fwd, server, "a-10-0-0-1.plex.test")) == ["10.0.0.1"]


def test_refused_for_all_who_wait(start, server):
    fwd = cached(start, server, **GUARD)
    for reply in ask_together(fwd, server, INSIDE):
        check_refused(reply)
    assert server.count(INSIDE) == 1


def test_a_good_name_turns_bad(start, server):
    """Its old answer points outside and may be given when there is none; the new one never."""
    fwd, name = cached(start, server, **GUARD), "ttl-1.a.test"
    learn(fwd, server, name)
    a_second_passes()
    answer_with(server, name, wire.A, [address_record("192.168.1.1")])
    check_refused(learn(fwd, server, name))
    check_refused(learn(fwd, server, name))
    server.clear_rules()
    server.rule(f"name={name} rcode=SERVFAIL")
    reply = fwd.ask(name)
    assert right(reply, name) and is_stale(reply)


def test_kept_before_it_was_refused(start, server, tmp_path):
    """The file of the cache was written when private-address was not set."""
    path = str(tmp_path / "cache")
    fwd = cached(start, server, cache_snapshot=path)
    learn(fwd, server, INSIDE)
    fwd.end()
    fwd = cached(start, server, cache_snapshot=path, **GUARD)
    fwd.wait_log(r"cache-snapshot \S+: 1 answers? read")
    check_refused(learn(fwd, server, INSIDE))


# -- DNS64 ------------------------------------------------------------------------------------


@pytest.fixture
def fwd64(start, server):
    return cached(start, server, dns64=f"{PREFIX}/96")


def counts(server, name):
    return server.count(name, "A"), server.count(name, "AAAA")


def test_made_of_hits(fwd64, server):
    """Both questions are kept under what was asked upstream."""
    first = fwd64.ask(V4_ONLY, "AAAA")
    assert addresses(first) == MADE and counts(server, V4_ONLY) == (1, 1)
    again = hit(fwd64, server, V4_ONLY, "AAAA")
    assert addresses(again) == MADE and edes(again) == [29] and ttls(again)[0] <= ttls(first)[0]
    assert addresses(hit(fwd64, server, V4_ONLY)) == ["198.51.100.7"]
    assert addresses(hit(fwd64, server, V4_ONLY.upper(), "AAAA", transport="tcp")) == MADE
    assert fwd64.stats()["synthesized"] == 3


def test_half_of_it_is_known(fwd64, server):
    learn(fwd64, server, V4_ONLY)
    assert addresses(fwd64.ask(V4_ONLY, "AAAA")) == MADE
    assert counts(server, V4_ONLY) == (1, 1)


def nothing(server, name, rrtype):
    """An empty answer that says for how long."""
    soa = b"\0" + struct.pack("!HHIH", wire.SOA, 1, 60, 22) + b"\0\0" + struct.pack("!5I", 1, 1, 1, 1, 60)
    head = wire.header(wire.QR | wire.RD | wire.RA, (1, 0, 1, 0), 0)
    kind = {wire.A: "A", wire.AAAA: "AAAA"}[rrtype]
    server.rule(f"name={name} type={kind} hex={(head + wire.question(name, rrtype) + soa).hex()}")


def test_hits_of_what_is_there(fwd64, server):
    """An AAAA, NXDOMAIN, nothing at all."""
    for rrtype in (wire.A, wire.AAAA):
        nothing(server, "none.test", rrtype)
    for name in ("both.test", "x.nx.test", "none.test"):
        first = fwd64.ask(name, "AAAA")
        again = hit(fwd64, server, name, "AAAA")
        assert again.rcode() == first.rcode() and addresses(again) == addresses(first)
        assert bool(again.answer) == (name == "both.test")
    assert fwd64.stats()["synthesized"] == 0


def test_made_for_all_who_wait(fwd64, server):
    for reply in ask_together(fwd64, server, V4_ONLY, wire.AAAA):
        assert addresses(reply) == MADE
    assert counts(server, V4_ONLY) == (1, 1)


@pytest.mark.clock
@pytest.mark.parametrize("how", ["dead", "SERVFAIL"])
def test_made_of_old_answers(start, server, how):
    fwd = cached(start, server, dns64=f"{PREFIX}/96", cache_max_ttl="1s")
    assert addresses(fwd.ask(V4_ONLY, "AAAA")) == MADE
    a_second_passes()
    server.rule(f"name={V4_ONLY} " + ("none" if how == "dead" else "rcode=SERVFAIL"))
    watch = Stopwatch()
    reply = fwd.ask(V4_ONLY, "AAAA")
    assert addresses(reply) == MADE and edes(reply) == [3] and ttls(reply) == [30]
    assert watch.own() < 3.2  # not twice the 1.8 s
    watch = Stopwatch()
    assert addresses(fwd.ask(V4_ONLY, "AAAA")) == MADE and watch.own() < 1.2  # not once more


def test_nothing_is_made_of_what_is_refused(start, server):
    fwd = cached(start, server, dns64=f"{PREFIX}/96", **GUARD)
    for _ in range(2):
        check_refused(fwd.ask(INSIDE, "AAAA"))
    assert counts(server, INSIDE) == (2, 1) and fwd.stats()["synthesized"] == 0


def test_reverse_names_of_hits(fwd64, server):
    name = ipaddress.ip_address(in_prefix("9.9.9.9")).reverse_pointer
    for _ in range(2):
        assert fwd64.ask(name, "PTR").answer[0][0].to_text() == "9.9.9.9.in-addr.arpa."
    assert server.count("9.9.9.9.in-addr.arpa") == 1 and server.count(name) == 0


def test_the_prefix_is_asked_for_though_it_fails(start, server):
    """The upstream's answer about ipv4only.arpa is kept, and the search is never answered by a failure of it."""
    server.rule("name=ipv4only.arpa rcode=SERVFAIL")
    fwd = cached(start, server, dns64="auto")
    for i in range(5):
        assert not fwd.ask(f"a-198-51-100-{i}.test", "AAAA").answer
    assert fwd.ask("ipv4only.arpa", "AAAA").rcode() == wire.SERVFAIL


# -- aliases of ours that lead outside -----------------------------------------------------------


def alias(start, server, target, **options):
    return cached(start, server, record=[f"tv.home CNAME {target}"], **options)


def check_joined(reply, target, wanted):
    owners = {rrset.name.to_text(True).lower() for rrset in reply.answer}
    assert reply.rcode() == 0 and owners == {"tv.home", target} and addresses(reply) == wanted


def test_an_alias_of_a_hit(start, server):
    fwd = alias(start, server, "far.test")
    for _ in range(2):
        check_joined(fwd.ask("TV.home"), "far.test", [expected_a("far.test")])
    assert addresses(hit(fwd, server, "far.test")) == [expected_a("far.test")]
    assert (server.count("far.test"), server.count("tv.home")) == (1, 0)


def test_an_alias_for_all_who_wait(start, server):
    fwd = alias(start, server, "far.test")
    for reply in ask_together(fwd, server, "tv.home"):
        check_joined(reply, "far.test", [expected_a("far.test")])
    assert server.count("far.test") == 1


@pytest.mark.parametrize("how", ["none", "rcode=SERVFAIL"])
def test_an_alias_of_an_old_answer(start, server, how):
    fwd = alias(start, server, "ttl-1.far.test")
    fwd.ask("tv.home")
    a_second_passes()
    server.rule(f"name=ttl-1.far.test {how}")
    reply = fwd.ask("tv.home")
    check_joined(reply, "ttl-1.far.test", [expected_a("ttl-1.far.test")])
    assert edes(reply) == [3]


def test_an_alias_of_what_is_refused(start, server):
    """What counts is the name that is asked outside."""
    fwd = alias(start, server, INSIDE, **GUARD)
    for _ in range(2):
        check_refused(fwd.ask("tv.home"))
    assert server.count(INSIDE) == 2
    fwd = alias(start, server, "a-10-0-0-1.plex.test", **GUARD)
    for _ in range(2):
        check_joined(fwd.ask("tv.home"), "a-10-0-0-1.plex.test", ["10.0.0.1"])
    assert server.count("a-10-0-0-1.plex.test") == 1


# -- names that come to be ours ------------------------------------------------------------------


@pytest.mark.parametrize("option", ["block", "hosts"])
def test_known_before_it_was_ours(start, server, tmp_path, option):
    """A list changes: it goes before what the cache has, and leaves no trace in it."""
    path, name = tmp_path / "list", "later.test"
    path.write_text("")
    fwd = cached(start, server, **{option: [str(path)]})
    learn(fwd, server, name)
    path.write_text(f"10.9.8.7 {name}\n" if option == "hosts" else f"{name}\n")
    wait_for(lambda: not right(hit(fwd, server, name), name), what="the list is read")
    reply = hit(fwd, server, name)
    assert (edes(reply), addresses(reply)) == (([15], []) if option == "block" else ([], ["10.9.8.7"]))
    path.write_text("")
    wait_for(lambda: right(hit(fwd, server, name), name), what="the list is read again")


def test_old_and_blocked(start, server, tmp_path):
    """There is an old answer, and the upstream is dead: blocked all the same, at once."""
    path, name = tmp_path / "list", "ttl-1.a.test"
    path.write_text("")
    fwd = cached(start, server, block=[str(path)])
    learn(fwd, server, name)
    a_second_passes()
    server.mute()
    path.write_text(name + "\n")
    wait_for(lambda: edes(fwd.ask(name)) == [15], what="the list is read")
    before = fwd.stats()["cache_stale"]
    assert edes(fwd.ask(name)) == [15] and fwd.stats()["cache_stale"] == before
