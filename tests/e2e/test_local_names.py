"""Names that are answered here: special-use names, records, hosts and lease files; the upstream never hears of them."""

import os
import random
import time

import dns.flags
import dns.message
import pytest
import wire
from conftest import addresses
from daemon import Dnsfwd, run
from testserver import expected_a

NIL = "0." * 31 + "ip6.arpa"
# Threats A16: what must not leave the house.
PRIVATE = [
    "localhost", "foo.localhost", "a.b.localhost", "invalid", "x.invalid", "test", "www.test", "local",
    "printer.local", "_ipp._tcp.local", "onion", "abcdefghijklmnop.onion", "home.arpa", "nas.home.arpa",
    "resolver.arpa", "_dns.resolver.arpa", "10.in-addr.arpa", "1.0.0.10.in-addr.arpa", "16.172.in-addr.arpa",
    "1.0.16.172.in-addr.arpa", "5.4.31.172.in-addr.arpa", "168.192.in-addr.arpa", "1.1.168.192.in-addr.arpa",
    "1.0.64.100.in-addr.arpa", "9.9.127.100.in-addr.arpa", "0.in-addr.arpa", "1.0.0.127.in-addr.arpa",
    "53.0.0.127.in-addr.arpa", "1.1.254.169.in-addr.arpa", "1.2.0.192.in-addr.arpa",
    "1.100.51.198.in-addr.arpa", "1.113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa", "0." + NIL,
    "1." + NIL, "1.0.0.0.d.f.ip6.arpa", "8.e.f.ip6.arpa", "1.9.e.f.ip6.arpa", "1.b.e.f.ip6.arpa",
    "1.8.b.d.0.1.0.0.2.ip6.arpa",
]  # fmt: skip
TYPES = ["A", "AAAA", "PTR", "TXT", "SOA", "NS", "MX", "HTTPS", "SRV"]

HOSTS = """\
127.0.0.1 localhost
# a comment
192.168.7.5 nas.lan nas      # the box
fd00:7::5   nas.lan
192.168.7.6 tv
0.0.0.0     ads.hosts.example
"""
LEASES = """\
{later} aa:bb:cc:dd:ee:01 192.168.7.101 phone 01:aa:bb:cc:dd:ee:01
{before} aa:bb:cc:dd:ee:02 192.168.7.102 gone *
0 aa:bb:cc:dd:ee:03 192.168.7.103 wpad *
0 aa:bb:cc:dd:ee:04 192.168.7.104 nas *
duid 00:01:00:01:2a:aa:aa:aa:aa:bb:cc:dd:ee:ff
{later} 123456 fd00:7::101 phone 00:01
"""
RECORDS = [
    "nas.lan A 192.168.7.9",
    "www.lan CNAME nas.lan",
    "*.dev.lan 5 A 192.168.7.8",
    'info.lan TXT "two words" more',
    "lan MX 10 mail.lan",
    "_ipp._tcp.lan SRV 0 0 631 printer.lan",
    "printer.lan AAAA fd00:7::9",
]


@pytest.fixture(scope="module")
def home(shared_server, tmp_path_factory):
    """A router's configuration."""
    folder = tmp_path_factory.mktemp("home")
    now = int(time.time())
    (folder / "hosts").write_text(HOSTS)
    (folder / "leases").write_text(LEASES.format(later=now + 3600, before=now - 5))
    options = {
        "special-names": True,
        "hosts": [str(folder / "hosts")],
        "lease-file": str(folder / "leases"),
        "local-domain": "lan",
        "record": RECORDS,
    }
    with Dnsfwd(shared_server, options) as fwd:
        yield fwd


def test_nothing_of_it_is_asked_upstream(home, server):
    """The 40 names of A16 in every type, and 1,000 random names: not one query leaves."""
    assert len(PRIVATE) == 40
    rnd = random.Random(7)
    for name in PRIVATE:
        for rrtype in TYPES:
            home.ask(name, rrtype)
        home.ask(name, "A", "tcp", use_edns=-1)
    zones = ["lan", "local", "test", "home.arpa", "localhost", "onion", "x.dev.lan", "168.192.in-addr.arpa"]
    for i in range(1000):
        label = "".join(rnd.choice("abcdefghijklmnopqrstuvwxyz0123456789-_") for _ in range(rnd.randint(1, 40)))
        name = f"{label}.{rnd.choice(zones)}"
        home.ask("".join(rnd.choice((c.lower(), c.upper())) for c in name), rnd.choice(TYPES))
    assert server.queries() == []
    # The other way round: what is no such name is asked.
    assert addresses(home.ask("notlocalhost")) == [expected_a("notlocalhost")]
    assert len(server.queries()) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("edns", [-1, 0])
def test_form_of_the_reply(home, transport, edns):
    """The client's case, id and flags; AA and RA; its OPT and a reason only where it sent an OPT."""
    query = dns.message.make_query("X.LocalHost", "A", use_edns=edns)
    query.flags |= dns.flags.CD | dns.flags.AD
    sent = query.to_wire()
    reply = home.ask_wire(sent, transport)
    assert reply[:2] == sent[:2] and reply[12:29] == sent[12:29]
    assert wire.flags_of(reply) == wire.QR | wire.AA | wire.RD | wire.RA | wire.CD
    parsed = wire.parse(reply)
    assert addresses(parsed) == ["127.0.0.1"] and parsed.edns == edns
    assert [code for code, _ in wire.edes(parsed)] == ([29] if edns == 0 else [])


def test_negative_answers_can_be_cached(home):
    """RFC 2308, RFC 6303 3: an SOA whose TTL is its minimum."""
    for name, rcode, zone in [
        ("x.local", 3, "local."),
        ("home.arpa", 0, "home.arpa."),
        ("x.home.arpa", 3, "home.arpa."),
        ("_dns.resolver.arpa", 0, "resolver.arpa."),
        ("nothing.lan", 3, "lan."),
    ]:
        reply = home.ask(name)
        assert reply.rcode() == rcode and not reply.answer
        [soa] = reply.authority
        assert soa.name.to_text() == zone and soa.ttl == soa[0].minimum
        assert soa[0].rname.to_text() == "nobody.invalid."


def test_the_truth_about_delegations(home, server):
    """DS at the apex of what is served here is asked for (RFC 8375 4); of what is never forwarded it is not."""
    for name in ("home.arpa", "168.192.in-addr.arpa", "local", "lan"):
        home.ask(name, "DS", want_dnssec=True)
    assert len(server.queries()) == 4
    for name in ("onion", "invalid", "localhost", "x.home.arpa"):
        home.ask(name, "DS")
    assert len(server.queries()) == 4


def one(reply):
    [rrset] = reply.answer
    return [rr.to_text() for rr in rrset]


def test_records_and_files(home, server):
    """record goes before hosts, hosts before the lease file."""
    assert one(home.ask("nas.lan")) == ["192.168.7.9"]
    assert home.ask("nas.lan", "AAAA").answer == []
    assert one(home.ask("nas")) == ["192.168.7.5"]
    assert one(home.ask("tv.lan")) == one(home.ask("tv")) == ["192.168.7.6"]
    assert one(home.ask("phone.lan")) == ["192.168.7.101"]
    assert one(home.ask("phone", "AAAA")) == ["fd00:7::101"]
    assert one(home.ask("a.b.dev.lan")) == ["192.168.7.8"]
    assert one(home.ask("info.lan", "TXT")) == ['"two words" "more"']
    assert one(home.ask("lan", "MX")) == ["10 mail.lan."]
    assert one(home.ask("_ipp._tcp.lan", "SRV")) == ["0 0 631 printer.lan."]
    assert one(home.ask("ads.hosts.example")) == ["0.0.0.0"]
    assert addresses(home.ask("www.lan")) == ["192.168.7.9"]
    assert one(home.ask("6.7.168.192.in-addr.arpa", "PTR")) == ["tv.lan."]
    assert one(home.ask("101.7.168.192.in-addr.arpa", "PTR")) == ["phone.lan."]
    reverse = "1.0.1." + "0." * 21 + "7.0.0.0.0.0.d.f.ip6.arpa"
    assert one(home.ask(reverse, "PTR")) == ["phone.lan."]
    for name in ("gone.lan", "wpad.lan"):
        assert home.ask(name).rcode() == 3
    # A name between is there (RFC 8020), so that who goes label by label gets through.
    for name in ("dev.lan", "7.168.192.in-addr.arpa", "_tcp.lan"):
        assert home.ask(name, "NS").rcode() == 0
    assert server.queries() == []


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_aliases_of_names_outside(server, start, transport):
    """The upstream is asked for the name behind the alias, and for nothing of the alias itself."""
    options = {
        "special-names": True,
        "record": [
            "code.lan CNAME www.example.com",
            "mycode.lan 30 CNAME code.lan",
            "chain.lan CNAME cname-2.example.net",
            "none.lan CNAME x.nx.test",
            "secret.lan CNAME printer.local",
            "big.lan CNAME many-20.example.net",
        ],
        "special-names-except": ["test"],
    }
    fwd = start(server, options)
    reply = fwd.ask("MyCode.lan", "TXT", transport)
    assert [rrset.to_text() for rrset in reply.answer[:2]] == [
        "MyCode.lan. 30 IN CNAME code.lan.",
        "code.lan. 60 IN CNAME www.example.com.",
    ]
    reply = fwd.ask("chain.lan", transport=transport)
    assert [rrset.rdtype for rrset in reply.answer] == [5, 5, 5, 1]
    assert addresses(reply) == [expected_a("hop-2.example.net")]
    assert not reply.flags & dns.flags.AA
    reply = fwd.ask("none.lan", transport=transport)
    assert reply.rcode() == 3 and reply.answer[0].rdtype == 5 and reply.authority[0].rdtype == wire.SOA
    reply = fwd.ask("big.lan", transport=transport)
    assert len(addresses(reply)) == 20
    # An alias to what must not be asked for ends there.
    reply = fwd.ask("secret.lan", transport=transport)
    assert reply.rcode() == 0 and [rrset.rdtype for rrset in reply.answer] == [5]
    assert fwd.ask("code.lan", "CNAME", transport).answer[0][0].to_text() == "www.example.com."
    asked = {wire.parse(q.data).question[0].name.to_text() for q in server.queries()}
    assert asked == {"www.example.com.", "cname-2.example.net.", "x.nx.test.", "many-20.example.net."}
    server.rule("name=many-20.example.net rcode=2")
    assert fwd.ask("big.lan", transport=transport).rcode() == 2


def test_any_is_answered_small(home, server):
    """RFC 8482, over UDP, where somebody else may get it; over TCP it is asked for."""
    for name in ("www.example.net", "nas.lan"):
        assert one(home.ask(name, "ANY")) == ['"RFC8482" ""']
    assert server.queries() == []
    home.ask("www.example.net", "ANY", "tcp")
    assert len(server.queries()) == 1


def test_counters(home, server):
    before = home.stats()
    for name in ("nas.lan", "tv", "x.local", "www.example.net"):
        home.ask(name)
    home.ask("www.example.net", "ANY")
    change = {k: v - before[k] for k, v in home.stats().items()}
    wanted = {"local_records": 2, "local_special": 1, "local_any": 1, "replies_local": 4, "upstream_queries": 1}
    assert {k: change[k] for k in wanted} == wanted


def test_switched_off(server, start):
    """Three names stay, whatever is configured."""
    fwd = start(server, {"special-names": False})
    for name in ("x.test", "x.local", "1.1.168.192.in-addr.arpa", "home.arpa"):
        fwd.ask(name)
    assert len(server.queries()) == 4
    assert fwd.ask("x.onion").rcode() == 3 and fwd.ask("x.invalid").rcode() == 3
    assert addresses(fwd.ask("localhost")) == ["127.0.0.1"]
    assert len(server.queries()) == 4


def test_some_excepted(server, start):
    fwd = start(server, {"special-names": True, "special-names-except": ["test", "168.192.in-addr.arpa"]})
    assert addresses(fwd.ask("x.test")) == [expected_a("x.test")]
    fwd.ask("1.1.168.192.in-addr.arpa", "PTR")
    assert len(server.queries()) == 2
    assert fwd.ask("1.0.0.10.in-addr.arpa", "PTR").rcode() == 3 and fwd.ask("x.local").rcode() == 3
    assert len(server.queries()) == 2


@pytest.mark.parametrize("firefox, relay", [(True, True), (False, True), (True, False)])
def test_canaries(server, start, firefox, relay):
    """They are answered "no" only where the option says that nobody may go past us."""
    fwd = start(server, {"firefox-may-bypass": firefox, "private-relay-may-bypass": relay})
    assert fwd.ask("use-application-dns.net").rcode() == (0 if firefox else 3)
    for name in ("mask.icloud.com", "mask-h2.icloud.com"):
        assert fwd.ask(name).rcode() == (0 if relay else 3)
    assert len(server.queries()) == firefox + 2 * relay


def test_long_answers_come_over_tcp(server, start):
    fwd = start(server, {"record": [f"many.lan A 10.0.{i // 200}.{i % 200 + 1}" for i in range(300)]})
    short = fwd.ask("many.lan")
    assert short.flags & dns.flags.TC and not short.answer
    whole = fwd.ask("many.lan", transport="tcp")
    assert len(addresses(whole)) == 300 and not whole.flags & dns.flags.TC


def test_bad_lines_are_told_once(server, start, tmp_path):
    """With file and line; the good lines count."""
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 good.lan\n10.0.0.2\nnonsense here\n10.0.0.3 also.lan\n")
    leases = tmp_path / "leases"
    leases.write_text("nonsense\n")
    fwd = start(server, {"hosts": [str(hosts), str(tmp_path / "none")], "lease-file": str(leases)})
    assert addresses(fwd.ask("good.lan")) == ["10.0.0.1"] and addresses(fwd.ask("also.lan")) == ["10.0.0.3"]
    warnings = [line for line in fwd.log() if " warning " in line]
    assert len(warnings) == 3
    assert f"{hosts}:2: a name is wanted behind the address; left out, one of 2 such lines" in warnings[0]
    assert f"hosts file {tmp_path}/none cannot be read: No such file or directory" in warnings[1]
    assert f"{leases}:1: neither a lease of dnsmasq nor one of odhcpd" in warnings[2]


def test_names_are_not_logged(server, start, tmp_path):
    """Neither what is asked nor what the files say of people's devices."""
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 secret-device.lan\n")
    fwd = start(server, {"hosts": [str(hosts)], "special-names": True, "log-level": "debug"})
    for name in ("secret-device.lan", "secret.local", "secret.onion"):
        fwd.ask(name)
    fwd.stats()
    assert "secret" not in fwd.log_text()


def test_what_is_no_file(server, start, tmp_path):
    """A folder or a pipe in a file's place holds nobody up."""
    os.mkfifo(tmp_path / "pipe")
    fwd = start(server, {"hosts": [str(tmp_path), str(tmp_path / "pipe"), "/dev/zero"]})
    assert sum(" cannot be read: " in line for line in fwd.log()) == 3
    assert addresses(fwd.ask("works.test")) == [expected_a("works.test")]


def test_check_tells_of_files(server, start, tmp_path):
    path = tmp_path / "dnsfwd.conf"
    path.write_text(f'forward = [ "9.9.9.9" ]\nhosts = [ "{tmp_path}/none" ]\ntls-cert-bundle = "{server.ca}"\n')
    done = run("-t", "-c", str(path))
    assert done.returncode == 0 and "none cannot be read" in done.stderr
