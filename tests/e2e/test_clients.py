"""The clients that people use: dig and kdig."""

import re
import shutil
import subprocess

import pytest
from testserver import TIMEOUT, expected_a, expected_aaaa


def ask(program, fwd, *args):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    edns = ["+edns"] if program == "kdig" and "+noedns" not in args else []
    command = [program, "@127.0.0.1", "-p", str(fwd.port), f"+timeout={TIMEOUT:.0f}", *edns, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * TIMEOUT)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    text = done.stdout
    complaint = re.search(r"(?i).*(warning|malformed|bad packet|mismatch|timed out|not understood).*", text)
    # BADVERS has RA clear, as the answer in standards.md 25.4 has; NOTIMP has no OPT.
    assert not complaint or "BADVERS" in text and "recursion requested" in complaint[0] or "NOTIMP" in text, text
    return text


BOTH = pytest.mark.parametrize("program", ["dig", "kdig"])


@BOTH
@pytest.mark.parametrize("args", [[], ["+tcp"], ["+notcp", "+bufsize=512"], ["+bufsize=4096"], ["+dnssec"], ["+noedns"]])
def test_address(program, fwd, args):
    assert expected_a("dig.test") in ask(program, fwd, "dig.test", "A", *args)
    assert expected_aaaa("dig.test") in ask(program, fwd, "dig.test", "AAAA", *args)


def test_dig_options(fwd, server):
    text = ask("dig", fwd, "dig.test", "+ednsopt=100:c0ffee", "+nsid", "+subnet=192.0.2.0/24", "+cookie", "+padding=64")
    assert expected_a("dig.test") in text and "status: NOERROR" in text
    assert "CLIENT-SUBNET" not in text and "NSID" not in text


@pytest.mark.parametrize("cookie", ["+cookie", "+cookie=0123456789abcdef", "+nocookie"])
def test_dig_cookies(fwd, cookie):
    assert "status: NOERROR" in ask("dig", fwd, "cookie.test", cookie)


def test_dig_keeps_a_connection_open(fwd):
    before = fwd.stats()["tcp_accepted"]
    names = ["+tcp", "+keepopen", "a.test", "A", "+tcp", "+keepopen", "b.test", "A", "+tcp", "+keepopen", "c.test", "A"]
    text = ask("dig", fwd, *names)
    assert all(expected_a(f"{x}.test") in text for x in "abc")
    assert fwd.stats()["tcp_accepted"] == before + 1


def test_kdig_keeps_a_connection_open(fwd):
    before = fwd.stats()["tcp_accepted"]
    text = ask("kdig", fwd, "+tcp", "+keepopen", "-q", "a.test", "-q", "b.test", "-q", "c.test")
    assert all(expected_a(f"{x}.test") in text for x in "abc")
    assert fwd.stats()["tcp_accepted"] <= before + 3


@BOTH
def test_falls_over_to_tcp(program, fwd):
    text = ask(program, fwd, "size-3000.big.test", "TXT")
    size = re.search(r"MSG SIZE\s+rcvd: (\d+)|Received (\d+) B", text)
    assert int(size[1] or size[2]) > 2000


@BOTH
def test_reasons_are_shown(program, fwd):
    text = ask(program, fwd, "ede-22.test")
    assert "SERVFAIL" in text and re.search(r"(?i)EDE: 22|No Reachable Authority", text)


@BOTH
def test_no_recursion_wanted(program, fwd):
    text = ask(program, fwd, "norec.test", "+norecurse")
    assert "REFUSED" in text and re.search(r"(?i)EDE: 20|Not Authoritative", text)


def test_dig_versions_and_opcodes(fwd):
    assert "BADVERS" in ask("dig", fwd, "v.test", "+edns=1", "+noednsnegotiation")
    assert "NOERROR" in ask("dig", fwd, "v.test", "+edns=1")  # negotiates
    assert "NOTIMP" in ask("dig", fwd, "v.test", "+opcode=status")
    assert "NOTIMP" in ask("dig", fwd, "v.test", "+opcode=15", "+header-only")


def test_dig_transfer_is_not_offered(fwd):
    done = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(fwd.port), "axfr", "example.com"],
        capture_output=True,
        text=True,
        timeout=4 * TIMEOUT,
    )
    assert "Transfer failed" in done.stdout


@BOTH
def test_reverse_lookup(program, fwd):
    assert "NOERROR" in ask(program, fwd, "-x", "192.0.2.1")


def test_kdig_padding_and_cookie(fwd):
    text = ask("kdig", fwd, "k.test", "+cookie", "+padding=128", "+nsid", "+subnet=192.0.2.0/24")
    assert expected_a("k.test") in text


def test_library_resolver(fwd):
    """dnspython's stub resolver, as programs use it."""
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], fwd.port
    resolver.lifetime = TIMEOUT
    assert [r.address for r in resolver.resolve("stub.test")] == [expected_a("stub.test")]
    assert [r.address for r in resolver.resolve("stub.test", tcp=True)] == [expected_a("stub.test")]
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("a.nx.test")
