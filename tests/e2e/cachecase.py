"""What the tests of the cache share."""

import dns.flags
import dns.message
import dns.rcode
from conftest import addresses
from testserver import expected_a, wait_for

CACHED = {"cache-size": "1M"}


def cached(start, server, **options):
    """A dnsfwd with a cache; options with underscores for dashes."""
    return start(server, {**CACHED, **{k.replace("_", "-"): v for k, v in options.items()}})


def ttls(reply):
    return [rrset.ttl for section in (reply.answer, reply.authority, reply.additional) for rrset in section]


def edes(reply):
    return [int(o.code) for o in reply.options if int(o.otype) == 15]


def learn(fwd, server, name, rrtype="A", **options):
    """Asks, and sees that it went upstream."""
    before = server.count(name)
    reply = fwd.ask(name, rrtype, **options)
    assert server.count(name) == before + 1, f"{name} was not asked upstream"
    return reply


def hit(fwd, server, name, rrtype="A", **options):
    """Asks, and sees that it did not."""
    before = server.count(name)
    reply = fwd.ask(name, rrtype, **options)
    assert server.count(name) == before, f"{name} was asked upstream"
    return reply


def wait_old(fwd, server, name):
    """Until the cache's answer has expired: it is asked for again (that answer has the same short life)."""
    before = server.count(name)

    def asked():
        fwd.ask(name)
        return server.count(name) > before

    wait_for(asked, what=f"{name} expires")


def right(reply, name):
    return reply.rcode() == 0 and expected_a(name) in addresses(reply)


def is_stale(reply):
    return ttls(reply) == [30] * len(ttls(reply)) and 3 in edes(reply)


def want_ad(name, rrtype="A"):
    query = dns.message.make_query(name, rrtype, use_edns=0)
    query.flags |= dns.flags.AD
    return query


SERVFAIL, NXDOMAIN, REFUSED = dns.rcode.SERVFAIL, dns.rcode.NXDOMAIN, dns.rcode.REFUSED
