"""What the judges serve: four zones with most that DNS has, signed with the tools of BIND.

judge.test         signed, NSEC; in it all that is asked for
n3.judge.test      signed, NSEC3
plain.judge.test   not signed
bogus.judge.test   signed, but long ago: who validates answers SERVFAIL
"""

import pathlib
import subprocess

APEX = "judge.test"
N3, PLAIN, BOGUS = (f"{label}.{APEX}" for label in ("n3", "plain", "bogus"))
ZONES = (APEX, N3, PLAIN, BOGUS)
CHAINS = range(2, 9)  # aliases in a row
TEXT_SIZES = (600, 1400, 4096, 20000)
ADDRESSES = 100
TTL = 3600  # long enough to outlive a run
PAST = ("20200101000000", "20200201000000")

HEAD = f"""$TTL {TTL}
@ SOA ns.{APEX}. hostmaster.{APEX}. 2024010101 7200 3600 1209600 {TTL}
@ NS ns.{APEX}.
@ A 192.0.2.1
@ AAAA 2001:db8::1
"""

# One owner for each type, called as the type is.
TYPES = {
    "A": "192.0.2.2",
    "AAAA": "2001:db8::2",
    "TXT": '"a text" "and another one" "with \\"quotes\\" and \\200\\255"',
    "MX": "10 mail",
    "SRV": "1 2 853 host",
    "CAA": '0 issue "ca.test"',
    "SVCB": "1 host alpn=dot port=8530",
    "HTTPS": "1 . alpn=h2,h3 ipv4hint=192.0.2.3",
    "NAPTR": '100 10 "u" "E2U+sip" "!^.*$!sip:info@judge.test!" .',
    "PTR": "host",
    "TLSA": "3 1 1 " + "ab" * 32,
    "SSHFP": "4 2 " + "cd" * 32,
    "HINFO": '"machine" "system"',
    "LOC": "51 30 12.748 N 0 7 39.611 W 0.00m",
    "RP": "hostmaster host",
    "AFSDB": "1 host",
    "URI": '10 1 "https://judge.test/"',
    "CERT": "1 0 0 AQIDBA==",
    "DNAME": "tree",
    "CNAME": "host",
    "TYPE65280": "\\# 5 0102030405",
}

PARENT = f"""
ns A 127.0.0.1
host A 192.0.2.10
host AAAA 2001:db8::10
mail A 192.0.2.11
mail AAAA 2001:db8::11
several MX 10 mail
several MX 20 host
several MX 30 mail.{PLAIN}.
a.tree A 192.0.2.20
b.c.tree TXT "below an alias of a tree"
*.wild A 192.0.2.30
*.wild TXT "from a wildcard"
not.wild A 192.0.2.31
deep.down.in.empty A 192.0.2.40
to-nothing CNAME nothing
to-no-data CNAME txt
to-wild CNAME some.wild
to-tree CNAME a.dname
to-n3 CNAME host.{N3}.
to-plain CNAME host.{PLAIN}.
to-bogus CNAME host.{BOGUS}.
n3 NS ns
plain NS ns
bogus NS ns
"""

CHILD = """
host A 192.0.2.50
host TXT "a child zone"
*.wild A 192.0.2.51
deep.down.in.empty A 192.0.2.52
alias CNAME host
"""


def text(size):
    """Character-strings of this many octets in all, each other than the one before."""
    strings, left = [], size
    while left > 0:
        length = min(255, left)
        strings.append('"' + (f"{left}." * 64)[:length] + '"')
        left -= length
    return " ".join(strings)


def parent_text():
    lines = [f"{rrtype.lower()} {rrtype} {rdata}" for rrtype, rdata in TYPES.items()]
    lines += [f"many A 198.51.100.{i}" for i in range(1, ADDRESSES + 1)]
    lines += [f"text-{size} TXT {text(size)}" for size in TEXT_SIZES]
    for length in CHAINS:
        hops = [f"chain-{length}", *(f"{i}.chain-{length}" for i in range(1, length)), "host"]
        lines += [f"{name} CNAME {target}" for name, target in zip(hops, hops[1:])]
    return HEAD + PARENT + "\n".join(lines) + "\n"


def tool(folder, *args):
    done = subprocess.run(list(map(str, args)), cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
    return done.stdout


def sign(folder, zone, *how):
    """Replaces the zone's file; its DS set is left for the parent."""
    key = tool(folder, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone).split()[-1]
    file = f"{zone}.zone"
    with open(folder / file, "a") as out:
        out.write((folder / f"{key}.key").read_text())
    tool(folder, "dnssec-signzone", "-P", "-z", "-g", *how, "-o", zone, "-f", file + ".signed", file, key)
    (folder / (file + ".signed")).rename(folder / file)


class Zones:
    """Their files in a folder, and `anchor`, a file with the DS records of judge.test."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file(APEX).write_text(parent_text())
        for zone in (N3, PLAIN, BOGUS):
            self.file(zone).write_text(HEAD + CHILD)
        sign(self.folder, N3, "-3", "-", "-H", "0")
        sign(self.folder, BOGUS, "-s", PAST[0], "-e", PAST[1])
        sign(self.folder, APEX)
        self.anchor = self.folder / f"dsset-{APEX}."

    def file(self, zone):
        return self.folder / f"{zone}.zone"
