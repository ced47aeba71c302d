"""What is answered here beside zones, and to clients with cookies."""

import ipaddress

import pytest
import wire
from cachecase import CACHED, edes, hit
from conftest import addresses
from cookies import CLIENT, cookie_of, full_cookie, query, rcode_of
from netns import namespace_or_skip
from test_cookies_clients import SECRET, ask_far, far_tcp, secret_file
from test_local_dns64 import PREFIX, in_prefix
from test_zones import at, corp, zone  # noqa: F401 (a fixture)
from testserver import expected_a

SPECIAL = {"special-names": True}

# -- zones ----------------------------------------------------------------------------------------


def start_zones(start, server, corp, names, **options):  # noqa: F811
    return start(server, {"zone": [zone(n, at(corp)) for n in names], **options})


@pytest.mark.parametrize(
    "name, asked",
    [
        ("home.arpa", "nas.home.arpa"),
        ("10.in-addr.arpa", "1.2.3.10.in-addr.arpa"),
        ("3.10.in-addr.arpa", "1.2.3.10.in-addr.arpa"),
        ("d.f.ip6.arpa", "1.0.d.f.ip6.arpa"),
        ("corp.test", "nas.corp.test"),
        ("test", "nas.test"),
    ],
)
def test_a_zone_inside_a_special_name(start, server, corp, name, asked):  # noqa: F811
    fwd = start_zones(start, server, corp, [name], **SPECIAL)
    for rrtype in ("TXT", "PTR"):
        assert fwd.ask(asked, rrtype).rcode() == 0
    assert (corp.count(asked), server.queries()) == (2, [])


@pytest.mark.parametrize("name, asked", [("arpa", "nas.home.arpa"), ("in-addr.arpa", "1.2.3.10.in-addr.arpa")])
def test_a_special_name_inside_a_zone(start, server, corp, name, asked):  # noqa: F811
    """The longer one counts."""
    fwd = start_zones(start, server, corp, [name], **SPECIAL)
    assert fwd.ask(asked, "TXT").rcode() == 3
    fwd.ask(f"other.{name}", "TXT")
    assert (corp.count(asked), corp.count(f"other.{name}"), server.queries()) == (0, 1, [])


def test_outside_of_the_zone_it_stays_special(start, server, corp):  # noqa: F811
    fwd = start_zones(start, server, corp, ["corp.test"], **SPECIAL)
    assert fwd.ask("nas.test").rcode() == 3 and fwd.ask("acorp.test").rcode() == 3
    assert (corp.queries(), server.queries()) == ([], [])


def test_block_lists_do_not_touch_zones(start, server, corp, tmp_path):  # noqa: F811
    path = tmp_path / "list"
    path.write_text("corp.example\nx.corp.example\nads.example\n")
    fwd = start_zones(start, server, corp, ["corp.example"], block=[str(path)])
    for name in ("corp.example", "a.corp.example", "x.corp.example"):
        assert addresses(fwd.ask(name)) == [expected_a(name)] and corp.count(name) == 1
    assert edes(fwd.ask("ads.example")) == [15]


def test_records_go_before_zones(start, server, corp):  # noqa: F811
    fwd = start_zones(start, server, corp, ["corp.test"], record=["nas.corp.test A 10.0.0.1"])
    assert addresses(fwd.ask("nas.corp.test")) == ["10.0.0.1"] and corp.count("nas.corp.test") == 0
    assert addresses(fwd.ask("x.corp.test")) == [expected_a("x.corp.test")]


def test_zones_are_inside(start, server, corp):  # noqa: F811
    """Private addresses of a zone are given, kept, and reached by an alias; those of others are not."""
    inside, alias = "a-10-0-0-1.corp.test", ["tv.home CNAME a-10-0-0-1.corp.test"]
    fwd = start_zones(start, server, corp, ["corp.test"], **CACHED, **{"private-address": ["all"]}, record=alias)
    assert addresses(fwd.ask(inside)) == ["10.0.0.1"]
    assert addresses(hit(fwd, corp, inside)) == ["10.0.0.1"]
    assert addresses(hit(fwd, corp, "tv.home")) == ["10.0.0.1"]
    assert not addresses(fwd.ask("a-10-0-0-1.other.test"))
    assert corp.count(inside) == 1 and fwd.stats()["refused_private"] == 1


def test_an_alias_into_a_zone_of_a_special_name(start, server, corp):  # noqa: F811
    """Ours and those of DNS64's reverse names; without such a zone they end here."""
    options = {**SPECIAL, "record": ["tv.lan CNAME nas.home.arpa"], "dns64": f"{PREFIX}/96"}
    reverse = "1.0.0.10.in-addr.arpa"
    made = ipaddress.ip_address(in_prefix("10.0.0.1")).reverse_pointer
    fwd = start_zones(start, server, corp, ["home.arpa", "10.in-addr.arpa"], **options)
    assert addresses(fwd.ask("tv.lan")) == [expected_a("nas.home.arpa")] and corp.count("nas.home.arpa") == 1
    assert fwd.ask(made, "PTR").answer[0][0].to_text() == reverse + "." and corp.count(reverse) == 1
    fwd = start(server, options)
    for name, rrtype in (("tv.lan", "A"), (made, "PTR")):
        assert len(fwd.ask(name, rrtype).answer) == 1
    assert server.queries() == []


def test_the_same_upstream_inside_and_outside(start, server):
    """As a zone it may point inside, as the forward group not, though the answers come from one server."""
    options = {"zone": [zone("corp.test", server.upstream())], "private-address": ["all"], **CACHED}
    fwd = start(server, options)
    for _ in range(2):
        assert addresses(fwd.ask("a-10-0-0-1.corp.test")) == ["10.0.0.1"]
        assert not addresses(fwd.ask("a-10-0-0-1.corp.example"))


def test_dns64_asks_the_zone(start, server, corp):  # noqa: F811
    name = "a-198-51-100-7.corp.test"
    fwd = start_zones(start, server, corp, ["corp.test"], **CACHED, dns64=f"{PREFIX}/96")
    for _ in range(2):
        assert addresses(fwd.ask(name, "AAAA")) == [in_prefix("198.51.100.7")]
    assert (corp.count(name), server.count(name)) == (2, 0)


# -- cookies and forms ----------------------------------------------------------------------------


def local_options(tmp_path):
    path = tmp_path / "list"
    path.write_text("ads.example\n")
    return {
        **SPECIAL,
        "record": ["nas.home A 10.0.0.1", "tv.home CNAME far.example"]
        + [f"many.home A 10.0.1.{i}" for i in range(100)],
        "block": [str(path)],
        "dns64": f"{PREFIX}/96",
        "cookie-secret-file": secret_file(tmp_path, SECRET),
        **CACHED,
    }


LOCAL = [
    ("nas.home", wire.A, 0),
    ("nas.home", wire.AAAA, 0),
    ("x.onion", wire.A, 3),
    ("ads.example", wire.A, 3),
    ("any.example", 255, 0),
    ("tv.home", wire.A, 0),
    ("a-198-51-100-7.example", wire.AAAA, 0),
]


@pytest.mark.parametrize("name, rrtype, rcode", LOCAL)
def test_cookies_in_local_answers(start, server, tmp_path, name, rrtype, rcode):
    """A client cookie gets a server cookie, which is one; without EDNS there is no OPT, without a cookie none."""
    fwd = start(server, local_options(tmp_path))
    for _ in range(2):  # the second time from the cache, as far as it goes there
        reply = fwd.ask_wire(query(name, CLIENT, rrtype))
        cookie = cookie_of(reply)
        assert rcode_of(reply) == rcode and cookie[:8] == CLIENT and len(cookie) == 24
        assert cookie == full_cookie(SECRET, "127.0.0.1", int.from_bytes(cookie[12:16], "big"))
        again = fwd.ask_wire(query(name, cookie, rrtype))
        assert rcode_of(again) == rcode and cookie_of(again)[:8] == CLIENT
        assert cookie_of(fwd.ask_wire(wire.query(name, rrtype, edns=True))) is None
        assert wire.parse(fwd.ask_wire(wire.query(name, rrtype))).edns < 0
    assert fwd.stats()["client_cookies_valid"] == 2


def test_limits_of_local_answers(start, server, tmp_path):
    """They go by what the client can take, cookie included."""
    fwd = start(server, local_options(tmp_path))
    for q in (wire.query("many.home"), query("many.home", CLIENT, size=512), query("many.home", CLIENT)):
        reply = fwd.ask_wire(q)
        assert wire.flags_of(reply) & wire.TC and not wire.parse(reply).answer and len(reply) <= 512
    reply = fwd.ask_wire(query("many.home", CLIENT), "tcp")
    assert len(addresses(wire.parse(reply))) == 100 and len(cookie_of(reply)) == 24


@pytest.fixture
def network(certs):
    ns = namespace_or_skip()
    ns.ip("addr add 192.0.2.1/32 dev lo")
    yield ns
    ns.remove()


def start_far(network, start, start_server, options):
    server = start_server(netns=network)
    fwd = start(server, {"listen": ["192.0.2.1"], "allow": ["0.0.0.0/0"], **options}, netns=network)
    fwd.server = server
    return fwd


def test_cookies_are_demanded_of_local_answers(network, start, start_server, tmp_path):
    fwd = start_far(network, start, start_server, {"require-cookies": True, **local_options(tmp_path)})
    for name, rrtype, rcode in LOCAL:
        bare = ask_far(fwd, wire.query(name, rrtype, edns=True))
        assert wire.flags_of(bare) & wire.TC and not wire.parse(bare).answer, name
        first = ask_far(fwd, query(name, CLIENT, rrtype))
        assert rcode_of(first) == 23 and not wire.parse(first).answer, name
        assert rcode_of(ask_far(fwd, query(name, cookie_of(first), rrtype))) == rcode, name
        assert rcode_of(far_tcp(fwd, wire.query(name, rrtype))) == rcode, name
    stats = fwd.stats()
    assert stats["client_cookies_demanded"] == 2 * len(LOCAL)


def test_a_cookie_lifts_the_rate_limit(network, start, start_server, tmp_path):
    """Its source is its own: neither for hits nor for what is answered here is there a limit, nor a short answer."""
    fwd = start_far(network, start, start_server, {"rate-limit": 1, **local_options(tmp_path)})
    cookie = cookie_of(far_tcp(fwd, query("nas.home", CLIENT)))
    for i in range(20):
        for name in ("nas.home", "hit.example", "ads.example"):
            assert rcode_of(ask_far(fwd, query(name, cookie))) in (0, 3)
    stats = fwd.stats()
    assert (stats["dropped_rate"], stats["truncated_rate"]) == (0, 0)
    assert stats["cache_hits"] >= 19


def test_the_rate_limit_is_for_hits_and_local_answers_too(network, start, start_server, tmp_path):
    fwd = start_far(network, start, start_server, {"rate-limit": 1, **local_options(tmp_path)})
    far_tcp(fwd, wire.query("hit.example"))
    with fwd.udp_socket("192.0.2.1", fwd.addresses[0]) as s:
        for i in range(200):
            s.send(wire.query(["nas.home", "hit.example", "ads.example"][i % 3], id=i))
        fwd.wait_stat("queries_udp", 200)
    stats = fwd.stats()
    assert stats["dropped_rate"] + stats["truncated_rate"] >= 100
