"""Cookies in clear, to the upstreams of zones: one jar for each server, which outlives its sockets (RFC 9018 3)."""

import pytest
import wire
from judge_zone import APEX
from judges import Bind, Unbound
from test_cookies_upstream import unbound_does_cookies
from test_zones import zone

TIMES = 5


class Strict(Bind):
    """It answers nobody over UDP who has not shown a cookie of its own."""

    def write(self, name, text):
        super().write(name, text.replace("recursion no;", "recursion no;\n require-server-cookie yes;"))


def through_a_zone(start, server, judge, scheme):
    """dnsfwd, once it has asked the judge some questions in clear; and its counters."""
    fwd = start(server, {"zone": [zone(APEX, f"{scheme}://127.0.0.1:{judge.clear_port}")]})
    for _ in range(TIMES):
        assert fwd.ask(APEX, "SOA").rcode() == wire.NOERROR
    return fwd.stats()


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_bind9(server, certs, zones, tmp_path, start, scheme):
    with Bind(tmp_path / "bind", certs, zones) as bind:
        stats = through_a_zone(start, server, bind, scheme)
    assert stats["upstream_cookies"] == stats["upstream_cookies_right"] == stats["upstream_answers"] == TIMES
    assert stats["upstream_badcookie"] == stats["upstream_cookies_discarded"] == 0


def test_bind9_that_wants_them(server, certs, zones, tmp_path, start):
    """The first query is sent away once, with the cookie that opens the door for it and all that come."""
    with Strict(tmp_path / "bind", certs, zones) as bind:
        stats = through_a_zone(start, server, bind, "udp")
    assert stats["upstream_badcookie"] == 1 and stats["upstream_cookies_discarded"] == 0
    assert stats["upstream_cookies"] == stats["upstream_cookies_right"] == TIMES + 1
    assert stats["replies_servfail"] == 0


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_unbound(server, certs, zones, backend, tmp_path, start, scheme):
    """From 1.18 on it can be told to; an old one is not asked with cookies again."""
    does = unbound_does_cookies()

    class InClear(Unbound):
        def write(self, name, text):
            more = f"server:\n interface: 127.0.0.1@{self.clear_port}" + ("\n answer-cookie: yes" if does else "")
            super().write(name, text.replace("server:", more, 1))

    with InClear(tmp_path / "unbound", certs, zones, backend) as unbound:
        stats = through_a_zone(start, server, unbound, scheme)
    assert stats["upstream_cookies_right"] == (TIMES if does else 0)
    assert stats["upstream_cookies"] == (TIMES if does else 1)
    assert stats["upstream_badcookie"] == stats["upstream_cookies_discarded"] == 0
