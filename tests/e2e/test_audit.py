"""dnsfwdctl audit: each weakness of a resolver costs its points and is told; what could not be measured costs none."""

import json
import subprocess

import pytest
from daemon import CTL, TIMEOUT
from pki import PAST, Pki, now
from ports import free_port
from testserver import TestServer, spki_pin

NAMES = {
    "good": "www.example.com",
    "bogus": "ede-6.bogus.test",  # a broken signature fails, with the error that says so
    "nxdomain": "*.nx.test",
    "slow": "*.slow.test",
    "qname-minimisation": "minimal.test",
    "qname-minimisation-says": "name=minimal.test",
    "client-subnet": "subnet.test",
    "client-subnet-says": "client-subnet",
}
SLOW = "name=*.slow.test delay=400"
COMMANDS = ("keepalive 300", "cookies on")


def names_options(names):
    return [o for key, name in names.items() for o in ("--test-name", f"{key}={name}")]


def audit(*args, names=NAMES, code=0):
    """The program's output; code: what it has to end with."""
    options = names_options(names)
    done = subprocess.run(
        [CTL, "audit", *options, *map(str, args)], capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def test_a_bundle_that_is_not_there():
    """It is no fault of the resolver's."""
    done = audit("--ca", "/nonexistent/ca.pem", "tls://127.0.0.1:1", code=1)
    assert "cannot read /nonexistent/ca.pem: No such file" in done.stderr and done.stdout == ""
    assert audit("--bogus", code=2).stderr.startswith("dnsfwdctl: audit: ")


def report(server, *args, names=NAMES, upstream=None, code=0):
    """What it says of the server, for programs: the report, with its rows by key."""
    done = audit("--ca", server.ca, "--json", *args, upstream or server.upstream(), names=names, code=code)
    r = json.loads(done.stdout)
    r["row"] = {row["key"]: row for row in r["rows"]}
    return r


def lost(r):
    return {key: row["lost"] for key, row in r["row"].items() if row["lost"]}


@pytest.fixture(scope="module")
def good():
    """With nothing to be said against."""
    with TestServer(both=1, tls=0, commands=COMMANDS, rules=(SLOW,)) as server:
        yield server


def weak(rules=(), commands=COMMANDS, **more):
    """One with a weakness: rules that come first, or other commands."""
    return TestServer(commands=commands, rules=(*rules, SLOW), **more)


def test_nothing_lost(good):
    r = report(good)
    assert (r["grade"], r["points"], lost(r)) == ("A+", 100, {})
    assert {k for k, row in r["row"].items() if row["verdict"] == "unmeasured"} == {"idle"}
    measured = r["measured"]
    assert (measured["tls"], measured["alpn"], measured["keepalive_ms"]) == ("TLS1.3", "dot", 30000)
    assert measured["padding_block"] == 468 and measured["tickets"] > 0
    assert measured["queries"] <= 40 and measured["queries_unanswered"] == 0
    assert "DTLS1.2" in r["row"]["dtls"]["text"]


def test_pins_are_those_of_the_server(good):
    r = report(good)
    assert r["certificates"][0]["pin"] == spki_pin(good.certs / "server.pem")
    assert "resolver.test" in r["certificates"][0]["names"].split()
    text = audit("--ca", good.ca, good.upstream()).stdout
    assert f'"{spki_pin(good.certs / "server.pem")}"' in text
    assert "grade A+, 100 of 100 points" in text


def test_it_asks_only_test_names(good):
    good.reset()
    report(good)
    stats = good.stats()
    assert stats["queries"] == len(good.queries()) <= 40


NETWORK, SCOPED = "00011800c00002", "00011818c00002"

WEAKNESSES = {
    "no padding": (dict(args=["--no-pad"]), {"padding": 10}, "not padded"),
    "padding to no block": (
        dict(rules=["type=A option=65001/00 skip=1", "type=TXT option=65001/0000"]),
        {"padding": 6},
        "no block",
    ),
    "no cookies": (dict(commands=("keepalive 300", "cookies off")), {"cookies": 1}, "none"),
    "another's cookie": (dict(rules=["type=A cookie=wrong"]), {"cookies": 6}, "not ours"),
    "a cookie that it refuses": (dict(rules=["nth=2 rcode=BADCOOKIE"]), {"cookies": 3}, "refused"),
    "NXDOMAIN rewritten": (
        dict(rules=["name=*.nx.test rcode=NOERROR extra=answer/x.nx.test/A/c6120001"]),
        {"rewriting": 25},
        "198.18.0.1",
    ),
    "no keepalive": (dict(commands=("cookies on",)), {"keepalive": 2}, "none is told"),
    "keepalive of a second": (dict(commands=("keepalive 10", "cookies on")), {"keepalive": 2}, "1.0 s"),
    "no tickets": (dict(commands=(*COMMANDS, "tickets off")), {"resumption": 3}, "no session ticket"),
    "TLS 1.2": (
        dict(args=["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"]),
        {"session": 8},
        "TLS1.2",
    ),
    "TLS 1.1": (
        dict(args=["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT"]),
        {"old-tls": 4},
        "RFC 8996",
    ),
    "client subnet is used": (dict(rules=["nth=3 option=8/" + SCOPED]), {"subnet": 4}, "depend"),
    "client subnet comes back": (dict(rules=["nth=3 option=8/" + NETWORK]), {"subnet": 2}, "scope 0"),
    "a subnet is made up": (dict(rules=["nth=1 option=8/" + NETWORK]), {"subnet": 8}, "asked for none"),
    "a subnet is told to others": (
        dict(rules=["name=subnet.test extra=answer/subnet.test/TXT/" + (b"\x1dclient-subnet 198.51.100.0/24").hex()]),
        {"subnet": 10},
        "were told",
    ),
    "no validation": (
        dict(rules=["name=*.bogus.test rcode=NOERROR extra=answer/a.test/A/c6120001"]),
        {"dnssec": 15},
        "broken signature",
    ),
    "whole names": (
        dict(rules=["name=minimal.test nodata extra=answer/minimal.test/TXT/026e6f"]),
        {"minimisation": 8},
        "whole name",
    ),
    "in order": (dict(rules=["name=*.slow.test rate=400"]), {"order": 6}, "holds up"),
    "an answer is lost": (dict(rules=["name=minimal.test drop"]), {"answers": 3}, "1 of"),
}


@pytest.mark.parametrize("name", WEAKNESSES)
def test_weakness(name):
    how, points, reason = WEAKNESSES[name]
    with weak(**how) as server:
        r = report(server)
        (key,) = points
        found = lost(r)
        if key != "padding" and "rules" in how:
            found.pop("padding", None)  # what a rule adds comes behind the padding
        assert found == points, r["rows"]
        assert reason in r["row"][key]["text"], r["row"][key]


def test_no_edns():
    """Without an OPT there is neither padding nor cookie nor keepalive: all of it costs."""
    with weak(rules=["no-opt"], commands=()) as server:
        r = report(server, names={**NAMES, "bogus": "", "slow": ""})
        assert lost(r) == {"keepalive": 2, "answers": 5, "padding": 10, "cookies": 1}


def test_certificate_that_expires(tmp_path):
    """Soon, very soon, long ago: the last is refused as strict dnsfwd would."""
    pki = Pki(tmp_path)
    with TestServer(commands=COMMANDS, rules=(SLOW,)) as server:
        for end, points in ((now(days=10), {"expiry": 5}), (now(hours=30), {"expiry": 10})):
            server.load_cert(pki.serve(pki.root.leaf("resolver.test", dates=(now(days=-300), end))))
            done = audit("--ca", pki.bundle(pki.root), "--json", server.upstream())
            r = json.loads(done.stdout)
            assert {row["key"]: row["lost"] for row in r["rows"] if row["lost"]} == points
        server.load_cert(pki.serve(pki.root.leaf("resolver.test", dates=PAST)))
        r = json.loads(audit("--ca", pki.bundle(pki.root), "--json", server.upstream()).stdout)
        assert r["grade"] == "F" and "expired" in json.dumps(r["rows"])


def test_certificate_for_another(good):
    upstream = good.upstream(name="other.test")
    r = report(good, upstream=upstream)
    assert (r["grade"], r["points"]) == ("F", 0)
    assert r["row"]["certificate"]["verdict"] == "fatal"
    assert "other.test" in r["row"]["certificate"]["text"]
    # It is measured all the same.
    assert r["row"]["rewriting"]["verdict"] == "good"


def test_unknown_authority(good):
    done = audit("--json", good.upstream())
    r = json.loads(done.stdout)
    assert r["grade"] == "F"


def test_pin_that_does_not_fit(good, tmp_path):
    file = tmp_path / "dnsfwd.conf"
    pin = "A" * 43 + "="
    host, port = good.tls[0]
    file.write_text(
        f'tls-cert-bundle = "{good.ca}"\nforward = [ "one" ]\n'
        f'upstream = ( {{ name = "one", address = "{host}", port = {port}, auth-name = "resolver.test", '
        f'pin-sha256 = [ "{pin}" ] }} )\n'
    )
    r = json.loads(audit("--json", "-c", file).stdout)
    assert r["grade"] == "F" and "pin mismatch" in json.dumps(r["rows"])


def test_all_of_the_configuration(good, tmp_path):
    """Its encrypted upstreams, those of zones too; what is in clear is left out."""
    file = tmp_path / "dnsfwd.conf"
    host, port = good.tls[0]
    file.write_text(
        f'tls-cert-bundle = "{good.ca}"\nforward = [ "{good.upstream()}" ]\n'
        f'zone = ( {{ name = "corp.test", forward = [ "udp://127.0.0.1:{port}" ] }},\n'
        f'         {{ name = "lab.test", forward = [ "tls://{host}:{port}#resolver.test" ] }} )\n'
    )
    lines = audit("--json", "-c", file).stdout.splitlines()
    assert [json.loads(line)["grade"] for line in lines] == ["A+", "A+"]


def test_test_names_from_a_file(good, tmp_path):
    file = tmp_path / "names"
    file.write_text("".join(f'{key} = "{name}"\n' for key, name in NAMES.items()))
    r = report(good, "--test-names", file, names={})
    assert r["points"] == 100 and r["row"]["minimisation"]["verdict"] == "good"
    file.write_text('good = 1\ngod = "x.test"\n')
    done = audit("--test-names", file, good.upstream(), names={}, code=1)
    assert f"{file}:1: " in done.stderr and f"{file}:2: " in done.stderr


def test_names_that_are_left_out_are_not_measured(good):
    names = {key: "" if "says" not in key else value for key, value in NAMES.items()}
    r = report(good, names=names)
    for key in ("order", "padding", "subnet", "cookies", "dnssec", "rewriting", "minimisation", "latency"):
        assert r["row"][key]["verdict"] == "unmeasured", r["row"][key]
    assert r["points"] == 100


def test_names_that_nobody_serves_are_not_measured():
    with weak(rules=["rcode=SERVFAIL"]) as server:
        r = report(server, names={**NAMES, "bogus": "bogus.test"})
        for key in ("dnssec", "rewriting", "minimisation"):
            assert r["row"][key]["verdict"] == "unmeasured", r["row"][key]
            assert "SERVFAIL" in r["row"][key]["text"]


def test_fail_below(good):
    report(good, "--fail-below", "A+")
    with weak(args=["--no-pad"]) as server:
        assert report(server, "--fail-below", "A")["grade"] == "A"
        report(server, "--fail-below", "a+", code=4)
    done = audit("--fail-below", "AA", good.upstream(), code=2)
    assert "--fail-below" in done.stderr


def test_nobody_there():
    """That is no grade: nothing is known of the resolver."""
    done = audit("--json", f"tls://127.0.0.1:{free_port()}#resolver.test", code=1)
    r = json.loads(done.stdout)
    assert r["grade"] is None and r["rows"] == [] and "refused" in r["failure"]


def test_no_tls_that_dnsfwd_takes():
    with weak(args=["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT"]) as server:
        r = report(server)
        assert r["grade"] == "F" and r["row"]["session"]["verdict"] == "fatal"
        assert r["row"]["old-tls"]["verdict"] == "lost"
        assert r["measured"]["queries"] == 0


HOSTILE = [
    "garbage=4000", "plaintext", "stall", "refuse=rst", "handshake=rst", "answers=1:rst", "queries=3:silence",
    "noise=200", "prefix=5", "prefix=65535", "short=13", "trailing=9", "opt-twice", "opt-not-last", "two-questions",
    "wrong-id", "wrong-name", "qr0", "no-question", "dup=3", "cut=half", "before=ticket/40", "mutate", "mutate=7/broken",
    "option=10/00", "option=11/00", "option=8/0001", "option=15/", "bytes=1",
]  # fmt: skip


SOME = [pytest.param(what, marks=pytest.mark.long) if i % 3 else what for i, what in enumerate(HOSTILE)]


@pytest.mark.parametrize("what", SOME)
def test_hostile(what):
    """Whatever it is told, it ends in time with a report, and makes nothing up."""
    with weak(rules=[what]) as server:
        done = subprocess.run(
            [CTL, "audit", "--ca", server.ca, "--json", "--time", "5s", *names_options(NAMES), server.upstream()],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode in (0, 1) and done.stderr == "", done
        r = json.loads(done.stdout)
        assert r["measured"]["took_ms"] < 30000 and r["measured"]["queries"] <= 40


def test_time_is_bounded():
    """Whoever answers nothing is given up."""
    with weak(rules=["drop"]) as server:
        r = report(server, "--time", "4s")
        assert r["measured"]["took_ms"] < 20000
        assert r["row"]["answers"]["verdict"] == "lost"


@pytest.mark.clock
def test_idle_limit():
    with weak(commands=("keepalive 100", "cookies on"), rules=["transport=tls idle=1500"]) as server:
        r = report(server, "--long", names={**NAMES, "slow": ""})
        assert r["row"]["idle"]["lost"] == 3 and 1000 < r["measured"]["idle_ms"] < 6000


def test_wrong_command_lines(good):
    for args in (["--bad"], ["--time", "500ms"], ["--time", "x"], ["--test-name", "good"], ["--ca", good.ca]):
        assert audit(*args, names={}, code=2).stderr
    assert "no encrypted" not in audit("-c", "/nonexistent/dnsfwd.conf", code=1).stderr
