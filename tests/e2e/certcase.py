"""One certificate, one verdict: what the tests of authentication share (test_cert_*.py).

A case says what a server shows, what dnsfwd was told to expect of it, and the reason of the refusal, if it is one.
`pytest -s` prints a line for each: case, decision, the reason as clients and the log have it.
"""

import dataclasses
import re
import typing

import dns.message
import pytest
import wire
from testserver import expected_a, wait_for

TLS12, TLS13 = "1.2", "1.3"
NAME = "resolver.test"
ROOT, NO_BUNDLE = "the root", "none"


@dataclasses.dataclass
class Case:
    """
    chain   what the server sends, leaf first: a function of the Pki
    reason  of the refusal, as a regular expression; None: it is good
    name    auth-name; None: not set, so that the address counts
    pins    pin-sha256: a function of the Pki and the chain
    bundle  tls-cert-bundle: ROOT or NO_BUNDLE (of the system) or a function of both
    staple  OCSP response: a function of both
    """

    chain: typing.Callable
    reason: typing.Optional[str] = None
    name: typing.Optional[str] = NAME
    pins: typing.Optional[typing.Callable] = None
    bundle: typing.Any = ROOT
    staple: typing.Optional[typing.Callable] = None

    def anchors(self, pki, chain):
        if self.bundle is NO_BUNDLE:
            return ""
        return pki.bundle(*([pki.root] if self.bundle is ROOT else self.bundle(pki, chain)))


def leaf(*san, **options):
    """The root's leaf alone."""
    return lambda pki: [pki.root.leaf(*san, **options)]


def bad(cases, central):
    """The names of those that are refused; what is not central is for the long run."""
    names = [what for what, case in cases.items() if case.reason]
    return [what if what in central else pytest.param(what, marks=pytest.mark.long) for what in names]


def of_version(version):
    """The priorities of a test server."""
    return ["--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}"]


class Bench:
    """A server of one TLS version, and what a case makes of it."""

    def __init__(self, server, pki, start, version):
        self.server, self.pki, self.start, self.version = server, pki, start, version

    def begin(self, case, **upstream):
        """A dnsfwd that finds the case's certificate; upstream: more of its options."""
        chain = case.chain(self.pki)
        staple = case.staple and case.staple(self.pki, chain)
        self.server.load_cert(self.pki.serve(*chain, staple=staple))
        self.server.clear_rules()
        self.server.reset()
        return self.daemon(case, chain, **upstream)

    def daemon(self, case, chain, **upstream):
        trust = {"auth-name": case.name or ""}
        if case.pins:
            trust["pin-sha256"] = case.pins(self.pki, chain)
        options = {"tls-cert-bundle": case.anchors(self.pki, chain), "query-timeout": "300ms"}
        return self.start({**trust, **upstream}, options, server=self.server)

    def accept(self, what, case, **upstream):
        """Answered, and nothing to be said about it."""
        fwd = self.begin(case, **upstream)
        answered(fwd, what)
        fwd.stats()  # behind it, all lines before are here
        assert not warnings(fwd), fwd.log_text()
        assert self.server.stat("tls12" if self.version == TLS12 else "tls13") > 0
        return self.tell(what, "answered", "", fwd)

    def refuse(self, what, case, **upstream):
        """No question gets there; whoever asks hears why, and the log has it once, however often it is tried."""
        fwd = self.begin(case, **upstream)
        wait_for(lambda: refusal(fwd, ".") and warnings(fwd), what=f"{what}: a refusal\n{fwd.log_text()}")
        line = warnings(fwd)[0]
        assert re.search(case.reason, line, re.IGNORECASE), line
        text = wait_for(lambda: refusal(fwd, case.reason), what=f"{what}: {case.reason} for clients")
        self.server.wait_stat("connections", 2)
        assert refusal(fwd, case.reason) and fwd.stats()
        assert len(warnings(fwd)) == 1, "one line for one outage"
        assert text.isprintable()
        assert self.server.stat("handshakes") == self.server.stat("queries") == 0 and not self.server.queries()
        return self.tell(what, "refused", text, fwd)

    def put_up_with(self, what, case, **upstream):
        """Opportunistic: encrypted, used, not believed, and said so."""
        fwd = self.begin(case, profile="opportunistic", **upstream)
        self.server.rule(f"name=ad.test hex={authentic_data().hex()}")
        answered(fwd, what)
        fwd.stats()  # behind it, all lines before are here
        (line,) = warnings(fwd)  # one, not one per connection
        assert re.search(case.reason, line, re.IGNORECASE), line
        assert not says_ad(fwd), "what nobody vouches for is no authentic data"
        return self.tell(what, "answered, not authenticated", line.split(" warning ")[1], fwd)

    def tell(self, what, decision, text, fwd):
        print(f"\n  | {what} | TLS {self.version} | {decision} | {text} |")
        return fwd


def answered(fwd, what="it", name="good.test"):
    def asked():
        reply = fwd.ask(name)
        return reply.rcode() == 0 and reply

    reply = wait_for(asked, what=f"{what} answers\n{fwd.log_text()}")
    assert reply.answer[0][0].address == expected_a(name)


def refusal(fwd, reason):
    """The text of the Extended DNS Error, once it is the reason wanted; nothing but SERVFAIL before."""
    reply = fwd.ask("secret.test")
    assert reply.rcode() == wire.SERVFAIL and not reply.answer
    ((code, text),) = wire.edes(reply)
    return code in (22, 23) and re.search(reason, text, re.IGNORECASE) and text


def warnings(fwd):
    """What is said of certificates; that a server was silent for a second, a slow machine makes true."""
    lines = [line for line in fwd.log() if " warning upstream " in line]
    return [line for line in lines if "answers nothing in time" not in line]


def authentic_data():
    """An answer with AD, as a resolver that validates gives it."""
    question = wire.question("ad.test")
    header = wire.header(wire.QR | wire.RD | wire.RA | wire.AD, (1, 1, 0, 1))
    return header + question + wire.record("ad.test", wire.A, b"\xc6\x12\0\1") + wire.opt()


def says_ad(fwd):
    query = dns.message.make_query("ad.test", "A", use_edns=0)
    query.flags |= wire.AD
    reply = fwd.ask(query)
    assert reply.answer[0][0].address == "198.18.0.1"
    return bool(reply.flags & wire.AD)
