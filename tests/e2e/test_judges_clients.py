"""Clients that others wrote, in front of dnsfwd and a validating resolver: what they make of its answers.

drill and delv check signatures themselves; dnspython asks over UDP and TCP; glibc's stub resolver runs in a namespace
where dnsfwd has port 53 and /etc/resolv.conf names it.  dig and kdig are in test_clients.py.
"""

import json
import re
import subprocess
import sys

import dns.flags
import dns.message
import dns.query
import pytest
import wire
from daemon import Dnsfwd
from judge_zone import ADDRESSES, APEX, BOGUS, N3, PLAIN
from judges import Nsd, Unbound, program_path
from netns import namespace_or_skip

HOST, HOST6 = "192.0.2.10", "2001:db8::10"
TIMEOUT = 30


@pytest.fixture(scope="module")
def judge(backend, certs, zones, tmp_path_factory):
    with Unbound(tmp_path_factory.mktemp("judge") / "unbound", certs, zones, backend) as unbound:
        yield unbound


@pytest.fixture(scope="module")
def fwd(judge):
    with Dnsfwd(judge.upstream(), {"tls-cert-bundle": judge.ca}) as daemon:
        yield daemon


def run(program, *args, cwd=None):
    command = [program_path(program), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, cwd=cwd)


# -- drill ----------------------------------------------------------------------------------


def drill(fwd, *args):
    done = run("drill", "@127.0.0.1", "-p", fwd.port, *args)
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    text = done.stdout + done.stderr
    assert not re.search(r"(?i)\b(error|malformed|warning(?!: The answer packet was truncated))", text), text
    return done.stdout


DRILL = ([], ["-t"], ["-D"], ["-t", "-D"], ["-b", "4096"], ["-b", "512", "-a", "-D"], ["-o", "CD"])


@pytest.mark.parametrize("how", DRILL, ids=" ".join)
def test_drill(how, fwd):
    assert HOST in drill(fwd, *how, f"host.{APEX}", "A")
    assert HOST6 in drill(fwd, *how, f"host.{APEX}", "AAAA")
    assert "rcode: NXDOMAIN" in drill(fwd, *how, f"nothing.{APEX}", "A")
    text = drill(fwd, *how, f"chain-8.{APEX}", "A")
    assert text.count("\tCNAME\t") == 8 and HOST in text
    assert ("RRSIG" in text) == ("-D" in how)


def test_drill_falls_back_to_tcp(fwd):
    """Only with -a; what is truncated is shown else."""
    assert re.search(r"flags: .*\btc\b", drill(fwd, f"text-20000.{APEX}", "TXT"))
    text = drill(fwd, "-a", f"text-20000.{APEX}", "TXT")
    assert not re.search(r"flags: .*\btc\b", text) and "rcode: NOERROR" in text
    assert int(re.search(r"MSG SIZE\s+rcvd: (\d+)", text)[1]) > 20000


def test_drill_types(fwd):
    for rrtype in ("MX", "SRV", "CAA", "NAPTR", "TLSA", "SSHFP", "LOC", "TYPE65280"):
        text = drill(fwd, f"{rrtype.lower()}.{APEX}", rrtype)
        assert re.search(rf"^{rrtype.lower()}\.{APEX}\.\s.*\s{rrtype}\s", text, re.M), text


def test_drill_sees_what_validates(fwd):
    assert re.search(r"flags: .*\bad\b", drill(fwd, "-D", f"host.{APEX}"))
    assert not re.search(r"flags: .*\bad\b", drill(fwd, "-D", f"host.{PLAIN}"))
    assert "rcode: SERVFAIL" in drill(fwd, f"host.{BOGUS}")
    assert "rcode: NOERROR" in drill(fwd, "-o", "CD", f"host.{BOGUS}")


@pytest.mark.parametrize(
    "name, rrtype, keys",
    [
        (f"host.{APEX}", "A", [APEX]),
        (f"text-4096.{APEX}", "TXT", [APEX]),
        (f"host.{N3}", "A", [N3, APEX]),
    ],
)
def test_drill_chases_signatures(name, rrtype, keys, fwd, zones):
    """It asks for keys and DS records, up to the anchor that it was given."""
    (anchor,) = zones.folder.glob(f"K{APEX}.*.key")
    text = drill(fwd, "-a", "-S", "-k", anchor, name, rrtype)
    assert "Chase successful" in text
    assert re.findall(r"\|---(\S+)\. \(DNSKEY", text) == keys


def test_drill_chases_in_vain(fwd, zones):
    (anchor,) = zones.folder.glob(f"K{APEX}.*.key")
    done = run("drill", "@127.0.0.1", "-p", fwd.port, "-a", "-o", "CD", "-S", "-k", anchor, f"host.{BOGUS}")
    assert "Chase failed" in done.stdout and "expired" in done.stdout, done.stdout


# -- delv -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, rrtype, says",
    [
        (f"host.{APEX}", "A", "; fully validated"),
        (f"chain-8.{APEX}", "AAAA", "; fully validated"),
        (f"text-20000.{APEX}", "TXT", "; fully validated"),
        (f"x.wild.{APEX}", "A", "; fully validated"),
        (f"a.dname.{APEX}", "A", "; fully validated"),
        (f"type65280.{APEX}", "TYPE65280", "; fully validated"),
        (f"host.{N3}", "TXT", "; fully validated"),
        (f"nothing.{APEX}", "A", "; negative response, fully validated"),
        (f"nothing.{N3}", "A", "; negative response, fully validated"),
        (f"txt.{APEX}", "A", "; negative response, fully validated"),
        (f"empty.{N3}", "A", "; negative response, fully validated"),
        (f"host.{PLAIN}", "A", "; unsigned answer"),
        (f"nothing.{PLAIN}", "A", "; negative response, unsigned answer"),
        (f"host.{BOGUS}", "A", "RRSIG has expired"),
    ],
)
def test_delv(name, rrtype, says, fwd, zones, tmp_path):
    """It validates for itself, by what it gets through dnsfwd."""
    owner, _, _, *ds = zones.anchor.read_text().split(maxsplit=6)
    anchor = tmp_path / "anchor"
    anchor.write_text(f'trust-anchors {{ {owner} static-ds {" ".join(ds[:3])} "{ds[3]}"; }};\n')
    done = run("delv", "@127.0.0.1", "-p", fwd.port, "-a", anchor, f"+root={APEX}", "+cdflag", name, rrtype)
    assert says in done.stdout + done.stderr, done.stdout + done.stderr


# -- dnspython ------------------------------------------------------------------------------


def asked(name, rrtype):
    return dns.message.make_query(name, rrtype, use_edns=0, payload=1232, want_dnssec=True)


def test_dnspython_udp(fwd):
    reply = dns.query.udp(asked(f"host.{APEX}", "A"), "127.0.0.1", TIMEOUT, fwd.port)
    assert reply.rcode() == 0 and reply.flags & dns.flags.AD and len(reply.answer) == 2


def test_dnspython_tcp(fwd):
    reply = dns.query.tcp(asked(f"text-20000.{APEX}", "TXT"), "127.0.0.1", TIMEOUT, fwd.port)
    assert sum(len(s) for s in reply.answer[0][0].strings) == 20000


@pytest.mark.parametrize("name, rrtype, tcp", [(f"host.{APEX}", "A", False), (f"text-1400.{APEX}", "TXT", True)])
def test_dnspython_falls_back_to_tcp(name, rrtype, tcp, fwd):
    reply, used_tcp = dns.query.udp_with_fallback(asked(name, rrtype), "127.0.0.1", TIMEOUT, fwd.port)
    assert used_tcp == tcp and reply.answer and not reply.flags & dns.flags.TC


# -- glibc ----------------------------------------------------------------------------------

# Runs inside.  Prints for each question what getaddrinfo() returns, or the name of its error, and what res_query()
# gets: length, rcode and whether AD is set.
STUB = r"""
import ctypes, json, socket, sys
errors = {getattr(socket, n): n for n in dir(socket) if n.startswith("EAI_")}
libc = ctypes.CDLL(None)
query = getattr(libc, "res_query", None) or libc.__res_query
found = {}
for name in sys.argv[1].split():
    try:
        got = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
        found[name] = [sorted(g[4][0] for g in got), got[0][3]]
    except socket.gaierror as error:
        found[name] = errors[error.errno]
for question in sys.argv[2].split():
    name, rrtype = question.split("/")
    buffer = ctypes.create_string_buffer(65536)
    length = query(name.encode(), 1, int(rrtype), buffer, 65536)
    found[question] = [length, buffer.raw[3] & 15, bool(buffer.raw[3] & 0x20)]
print(json.dumps(found))
"""


class Inside:
    """A namespace where dnsfwd is the resolver of the system."""

    def __init__(self, folder, certs, zones):
        self.net, self.folder, self.ends = namespace_or_skip(clear=True), folder, []  # unbound asks nsd
        try:
            nsd = self.put(Nsd(folder / "nsd", certs, zones, netns=self.net))
            judge = self.put(Unbound(folder / "unbound", certs, zones, nsd, netns=self.net))
            options = {"tls-cert-bundle": judge.ca, "port": 53}
            self.fwd = self.put(Dnsfwd(judge.upstream(), options, netns=self.net))
        except BaseException:
            self.stop()
            raise

    def put(self, what):
        self.ends.append(what)
        return what

    def stop(self):
        while self.ends:
            self.ends.pop().stop()
        self.net.remove()

    def ask(self, options, names, questions=""):
        """What the stub resolver says with this line of options."""
        files = {"resolv.conf": f"nameserver 127.0.0.1\n{options}\n", "nsswitch.conf": "hosts: dns\n"}
        mounts = []
        for name, text in files.items():
            (self.folder / name).write_text(text)
            mounts.append(f"mount --bind {self.folder / name} /etc/{name}")
        # `ip netns exec` gives a mount namespace as well: nobody else sees these.
        script = " && ".join([*mounts, 'exec "$@"'])
        python = [sys.executable, "-E", "-S", "-c", STUB, names, questions]
        return json.loads(self.net.run("sh", "-c", script, "sh", *python))


@pytest.fixture(scope="module")
def inside(certs, zones, tmp_path_factory):
    place = Inside(tmp_path_factory.mktemp("inside"), certs, zones)
    yield place
    place.stop()


OPTIONS = {
    "plain": "",
    "edns0": "options edns0",
    "trust-ad": "options edns0 trust-ad",
    "use-vc": "options use-vc",
    "use-vc edns0": "options use-vc edns0 trust-ad",
    "single-request": "options single-request",
    "single-request-reopen": "options single-request-reopen",
    "rotate": "options rotate timeout:10",
}


@pytest.mark.parametrize("options", OPTIONS)
def test_glibc(options, inside):
    names = {
        f"host.{APEX}": [[HOST, HOST6], f"host.{APEX}"],
        f"chain-8.{APEX}": [[HOST, HOST6], f"host.{APEX}"],
        f"many.{APEX}": [sorted(f"198.51.100.{i}" for i in range(1, ADDRESSES + 1)), f"many.{APEX}"],
        f"x.wild.{APEX}": [["192.0.2.30"], f"x.wild.{APEX}"],
        f"host.{PLAIN}": [["192.0.2.50"], f"host.{PLAIN}"],
        f"nothing.{APEX}": "EAI_NONAME",
        f"txt.{APEX}": "EAI_NODATA",
        f"host.{BOGUS}": "EAI_AGAIN",
    }
    signed, plain, text = f"host.{APEX}/1", f"host.{PLAIN}/1", f"text-20000.{APEX}/16"
    before = inside.fwd.stats()
    got = inside.ask(OPTIONS[options], " ".join(names), f"{signed} {plain} {text}")
    after = inside.fwd.stats()
    assert {name: got[name] for name in names} == names
    trusts = "trust-ad" in OPTIONS[options]
    assert [got[signed][1:], got[plain][1:]] == [[wire.NOERROR, trusts], [wire.NOERROR, False]]
    assert got[text][0] > 20000 and got[text][1] == wire.NOERROR
    udp = after["queries_udp"] - before["queries_udp"]
    assert (udp == 0) == ("use-vc" in OPTIONS[options])
    assert after["queries_tcp"] > before["queries_tcp"]  # what did not fit
    assert after["replies_truncated"] > before["replies_truncated"] or udp == 0
