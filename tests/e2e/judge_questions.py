"""Questions for a judge: the same ones in the same order in every run."""

import dataclasses
import random

import dns.edns
import dns.flags
import dns.message
from judge_zone import APEX, BOGUS, CHAINS, N3, PLAIN, TEXT_SIZES, TYPES
from wire import COOKIE, ECS, NSID, PADDING

COUNT = 1000
SEED = 20240101
UNKNOWN = 65001
SIZES = (None, 512, 1232, 4096)  # None: no EDNS
OPTIONS = {
    "none": (),
    "nsid": ((NSID, b""),),
    "unknown": ((UNKNOWN, b"\xc0\xff\xee"), (UNKNOWN + 1, b"")),
    "cookie": ((COOKIE, b"01234567"),),
    "padding": ((PADDING, bytes(20)),),
    "subnet": ((ECS, b"\0\1\x18\0\xc0\0\2"),),
}


@dataclasses.dataclass(frozen=True)
class Question:
    name: str
    rrtype: str
    size: int | None = None
    dnssec: bool = False
    checking_disabled: bool = False
    authentic: bool = False
    options: str = "none"
    transport: str = "udp"

    @property
    def mixed(self):
        """Asked in mixed letter case."""
        return self.name != self.name.lower()

    def message(self, number):
        """As a query with this id."""
        m = dns.message.make_query(self.name, self.rrtype, use_edns=False)
        m.id = number
        m.flags |= (dns.flags.CD if self.checking_disabled else 0) | (dns.flags.AD if self.authentic else 0)
        if self.size is not None:
            options = [dns.edns.GenericOption(code, data) for code, data in OPTIONS[self.options]]
            m.use_edns(0, dns.flags.DO if self.dnssec else 0, self.size, options=options)
        return m


def below(zone, *names):
    return [f"{name}.{zone}" for name in names]


def subjects():
    """(name, type) of everything that there is, and of what there is not."""
    found = [(f"{rrtype.lower()}.{APEX}", rrtype) for rrtype in TYPES]
    found += [(f"{rrtype.lower()}.{APEX}", "SRV") for rrtype in ("A", "SVCB", "TYPE65280")]
    found += [(zone, t) for zone in (APEX, N3, PLAIN) for t in ("SOA", "NS", "A", "AAAA", "DNSKEY", "MX")]
    found += [(N3, "DS"), (PLAIN, "DS")]  # not of APEX: above it there is nobody
    found += [(APEX, "NSEC"), (N3, "NSEC3PARAM"), (f"host.{APEX}", "NSEC")]
    found += [(BOGUS, "DS"), (BOGUS, "DNSKEY"), (f"host.{BOGUS}", "A"), (f"nothing.{BOGUS}", "A")]
    found += [(f"chain-{k}.{APEX}", t) for k in CHAINS for t in ("A", "AAAA", "MX")]
    found += [(f"text-{size}.{APEX}", "TXT") for size in TEXT_SIZES]
    found += [(f"many.{APEX}", "A"), (f"many.{APEX}", "AAAA"), (f"several.{APEX}", "MX")]
    aliases = ("nothing", "no-data", "wild", "tree", "n3", "plain", "bogus")
    found += [(name, t) for name in below(APEX, *(f"to-{a}" for a in aliases)) for t in ("A", "CNAME")]
    tree = below(APEX, "a.dname", "b.c.dname", "nothing.dname", "a.tree")
    found += [(name, t) for name in tree for t in ("A", "TXT")]
    for zone in (APEX, N3, PLAIN):
        wild = below(zone, "wild", "x.wild", "a.b.wild", "not.wild", "below.not.wild")
        empty = below(zone, "empty", "in.empty", "down.in.empty", "x.in.empty")
        nothing = below(zone, "nothing", "a.b.c.nothing", "zzz", "-", "1")
        found += [(name, t) for name in wild + empty + nothing for t in ("A", "TXT")]
        found += [(f"host.{zone}", t) for t in ("A", "AAAA", "HTTPS", "CAA", "TYPE65281", "TYPE1000")]
    return found


def mix_case(name, chance):
    return "".join(c.upper() if chance.random() < 0.5 else c for c in name)


def questions(count=COUNT):
    """Every subject in turn, each time in another form; none is the same as another."""
    chance = random.Random(SEED)
    all_of, seen = [], set()
    pool = []
    while len(all_of) < count:
        if not pool:
            pool = subjects()
            chance.shuffle(pool)
        name, rrtype = pool.pop()
        question = Question(
            mix_case(name, chance) if chance.random() < 0.25 else name,
            rrtype,
            chance.choice(SIZES),
            chance.random() < 0.5,
            chance.random() < 0.25,
            chance.random() < 0.25,
            chance.choice(list(OPTIONS)),
            chance.choice(("udp", "udp", "tcp")),
        )
        if question.size is None:  # has neither DO nor options
            question = dataclasses.replace(question, dnssec=False, options="none")
        if question not in seen:
            seen.add(question)
            all_of.append(question)
    return all_of
