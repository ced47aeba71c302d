"""dnsfwdctl audit against resolvers that others wrote: Debian's unbound, which validates, and bind9."""

import json

import pytest
from judge_zone import APEX, BOGUS
from judges import JUDGES
from test_audit import audit, lost

# The bogus zone's own addresses, and a name that has something to say in clear text.
NAMES = {
    "good": f"host.{APEX}",
    "bogus": f"host.{BOGUS}",
    "nxdomain": f"*.{APEX}",
    "slow": f"*.wild.{APEX}",
    "qname-minimisation": f"txt.{APEX}",
    "qname-minimisation-says": "a text",
    "client-subnet": f"txt.{APEX}",
    "client-subnet-says": "edns0-client-subnet",
}


@pytest.fixture
def judges(tmp_path, certs, zones, backend):
    """Starts the one of that name."""
    started = []

    def begin(name):
        started.append(JUDGES[name](tmp_path / name, certs, zones, backend))
        return started[-1]

    yield begin
    for judge in started:
        judge.stop()


def report(judge):
    r = json.loads(audit("--ca", judge.ca, "--json", judge.upstream(), names=NAMES).stdout)
    print(audit("--ca", judge.ca, judge.upstream(), names=NAMES).stdout)
    r["row"] = {row["key"]: row for row in r["rows"]}
    return r


def test_unbound(judges):
    r = report(judges("unbound"))
    row = r["row"]
    assert row["certificate"]["verdict"] == row["session"]["verdict"] == "good"
    assert row["dnssec"]["verdict"] == "good" and "AD" in row["dnssec"]["text"]
    assert row["rewriting"]["verdict"] == row["minimisation"]["verdict"] == "good"
    assert row["padding"]["verdict"] == "good" and r["measured"]["padding_block"] == 468
    assert row["answers"]["verdict"] == "good"
    assert r["grade"] in ("A+", "A", "B"), lost(r)


def test_bind9(judges):
    """Here it only serves zones: a broken signature is nothing to it, and it is told so."""
    r = report(judges("bind9"))
    row = r["row"]
    assert row["certificate"]["verdict"] == row["session"]["verdict"] == "good"
    assert row["dnssec"]["lost"] == 15
    assert row["rewriting"]["verdict"] == "good"
    assert row["cookies"]["verdict"] == "good"
    assert row["answers"]["verdict"] == "good"
    assert r["measured"]["alpn"] in (None, "dot")
