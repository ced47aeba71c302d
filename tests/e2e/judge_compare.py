"""Compares a judge's answer, asked directly, with what dnsfwd makes of it.

The octets of both are read by dnspython.  What has to be the same: rcode, every flag, the octets of the question, each
record of each section (owner, type, class, TTL, data) in its order, and the reasons (Extended DNS Errors) that OPT
carries.  RULES is the whole list of what dnsfwd may do with an answer; nothing else may differ.
"""

import collections
import dataclasses
import itertools

import dns.message
import dns.name
import wire

EDNS_SIZE = 4096  # dnsfwd's own bound of UDP answers, as the tests configure it
OPT_LEN = 11
COOKIE_LEN = 28  # the option of a reply: client cookie and server cookie
EDES = 4  # that are handed on

Record = collections.namedtuple("Record", "owner rrtype rrclass ttl data")


@dataclasses.dataclass
class Reply:
    rcode: int
    flags: int
    question: bytes
    sections: list  # answer, authority, additional: lists of Record, without OPT
    edes: list
    core: int = dataclasses.field(compare=False)  # octets of header, question, answer and authority
    whole: int = dataclasses.field(compare=False)  # and of the additional records, without OPT


def spans(octets):
    """Where the question and each section ends, and how long OPT is."""
    counts = [int.from_bytes(octets[4 + 2 * i : 6 + 2 * i], "big") for i in range(4)]
    at = 12
    for _ in range(counts[0]):
        at = wire.skip_name(octets, at) + 4
    ends, opt = [at], 0
    for count in counts[1:]:
        for _ in range(count):
            start, at = at, wire.skip_record(octets, at)
            if octets[start : start + 3] == b"\0\0\x29":
                opt = at - start
        ends.append(at)
    assert at == len(octets), "octets behind the last record"
    return ends, opt


def record(rrset):
    (data,) = rrset
    return Record(rrset.name.to_wire(), int(rrset.rdtype), int(rrset.rdclass), rrset.ttl, data.to_wire())


def parse(octets):
    message = dns.message.from_wire(octets, one_rr_per_rrset=True)
    ends, opt = spans(octets)
    sections = [[record(r) for r in s] for s in (message.answer, message.authority, message.additional)]
    flags = wire.flags_of(octets) & ~0xF
    return Reply(
        message.rcode(), flags, octets[12 : ends[0]], sections, wire.edes(message), ends[2], len(octets) - opt
    )


# -- what may differ ----------------------------------------------------------------------


def recursion_is_available(reply, asked, got, seconds):
    """RA is set: dnsfwd offers recursion, whoever its upstream is (RFC 1035 4.1.1)."""
    reply.flags |= wire.RA


def checking_disabled_is_copied(reply, asked, got, seconds):
    """CD is what the client sent (RFC 4035 3.2.2, 4.9.2)."""
    reply.flags = reply.flags & ~wire.CD | (wire.CD if asked.checking_disabled else 0)


def reasons_are_ours(reply, asked, got, seconds):
    """EDEs only where the client has EDNS, four at most, with the source named (RFC 8914 3)."""
    named = [(code, f"upstream: {text}" if text else "upstream") for code, text in reply.edes[:EDES]]
    reply.edes = named if asked.size is not None else []


def fits_the_client(reply, asked, got, seconds):
    """UDP: additional records go first and without a word, then all with TC (RFC 2181 9, RFC 6891 7)."""
    if asked.transport != "udp":
        return
    room = limit(asked) - (OPT_LEN if asked.size is not None else 0)
    if asked.size is not None and asked.options == "cookie":
        room -= COOKIE_LEN
    if reply.whole > room:
        reply.sections[2] = []
    if reply.core > room:
        reply.sections = [[], [], []]
        reply.flags |= wire.TC


def ages_in_a_cache(reply, asked, got, seconds):
    """TTLs count down between the two questions where the judge has a cache (RFC 1034 5.3.1)."""
    for mine, its in zip(reply.sections, got.sections):
        for i, (a, b) in enumerate(zip(mine, its)):
            if 0 <= a.ttl - b.ttl <= seconds:
                mine[i] = a._replace(ttl=b.ttl)


def names_are_asked_in_lower_case(reply, asked, got, seconds):
    """The judge was asked so, and the client's case is put back into the question alone: names in records that point
    there, and those made of it (DNAME, wildcards), may have another case than in an answer to the client (RFC 4343)."""
    if asked.mixed and reply != got:
        reply.sections = [[folded(r) for r in s] for s in reply.sections]
        got.sections = [[folded(r) for r in s] for s in got.sections]


RULES = (
    recursion_is_available,
    checking_disabled_is_copied,
    reasons_are_ours,
    fits_the_client,
    ages_in_a_cache,
    names_are_asked_in_lower_case,
)


def limit(asked):
    """Octets that the client takes over UDP."""
    return min(max(asked.size or 512, 512), EDNS_SIZE)


def folded(r):
    return r._replace(owner=r.owner.lower(), data=r.data.lower())


def differing(expected, got):
    """The fields that differ, and the records of those sections that do."""
    lines = []
    for field in ("rcode", "flags", "question", "edes"):
        a, b = getattr(expected, field), getattr(got, field)
        if a != b:
            lines.append(f"  {field}: {a!r} expected, {b!r} came")
    for name, a, b in zip(("answer", "authority", "additional"), expected.sections, got.sections):
        if a != b:
            pairs = list(itertools.zip_longest(a, b))
            lines += [f"  {name} {i}: {x} expected, {y} came" for i, (x, y) in enumerate(pairs) if x != y][:4]
    return "\n".join(lines)


class Comparison:
    """What one judge's answers came to: how many, how often each rule mattered, and what it does not cover."""

    def __init__(self, name, recursive):
        self.name, self.recursive = name, recursive
        self.count = 0
        self.rules = collections.Counter()
        self.kinds = collections.Counter()  # rcodes, and what stands in answers
        self.differences = []

    def add(self, asked, direct, through, seconds):
        """direct, through: octets; seconds: at most, between the two.  True: it has TC and is to be asked over TCP."""
        expected, got = parse(direct), parse(through)
        truncated = bool(got.flags & wire.TC)
        for rule in RULES:
            before = dataclasses.replace(expected, sections=[list(s) for s in expected.sections])
            rule(expected, asked, got, seconds if self.recursive else 0)
            self.rules[rule.__name__] += before != expected
        self.count += 1
        self.kinds[f"rcode {got.rcode}"] += 1
        self.kinds["truncated"] += truncated
        self.kinds["answer records"] += len(got.sections[0])
        if expected != got:
            self.differences.append(f"{asked}\n{differing(expected, got)}")
        return truncated

    def summary(self):
        rules = ", ".join(f"{n} {c}" for n, c in self.rules.items() if c)
        kinds = ", ".join(f"{n}: {c}" for n, c in sorted(self.kinds.items()))
        return f"{self.name}: {self.count} compared, {len(self.differences)} differ; {kinds}; rules: {rules}"
