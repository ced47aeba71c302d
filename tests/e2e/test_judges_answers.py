"""What dnsfwd answers is what its upstream answers: asked through it and, over TLS, directly (F31, T26).

The upstreams are servers that others wrote.  What may differ is written in judge_compare.RULES, and nothing else may.
Not asked here is what dnsfwd answers by itself: RD=0 (RFC 8914 4.21), class CH (RFC 8906), AXFR and IXFR (more than one
message), EDNS versions (RFC 6891 6.1.3); test_messages.py and test_edns.py do.
"""

import dataclasses
import time

import pytest
import wire
from daemon import Dnsfwd
from judge_compare import EDNS_SIZE, Comparison
from judge_questions import COUNT, Question, questions
from judge_zone import APEX
from judges import JUDGES

QUICK, MANY = 100, 100000


@pytest.fixture(scope="module", params=JUDGES)
def pair(request, backend, certs, zones, tmp_path_factory):
    """A judge, and a dnsfwd that asks it."""
    folder = tmp_path_factory.mktemp("judge") / request.param
    with JUDGES[request.param](folder, certs, zones, backend) as judge:
        with Dnsfwd(judge.upstream(), {"tls-cert-bundle": judge.ca, "edns-size": EDNS_SIZE}) as fwd:
            yield judge, fwd


def compare(judge, fwd, asked):
    """Each question to both; what is truncated over UDP again over TCP, as a client would."""
    result = Comparison(judge.program, judge.recursive)
    for number, question in enumerate(asked):
        query_id = number & 0xFFFF
        query = question.message(query_id).to_wire()
        if judge.recursive:  # from now on it has in its cache what it may have there
            judge.direct.ask_wire(query)
        begun = time.monotonic()
        direct = judge.direct.ask_wire(query)
        for transport in (question.transport, "tcp"):
            through = fwd.ask_wire(query, transport)
            assert through is not None and wire.id_of(through) == query_id, (question, fwd.log_text())
            asked_now = dataclasses.replace(question, transport=transport)
            if not result.add(asked_now, direct, through, time.monotonic() - begun + 1):
                break
    print(result.summary())
    assert not result.differences, "\n".join([result.summary(), *result.differences[:5]])
    return result


def flip(at, bits):
    return lambda octets: octets[:at] + bytes([octets[at] ^ bits]) + octets[at + 1 :]


def replace(old, new):
    return lambda octets: octets.replace(old, new, 1)


def address(last):
    return bytes([198, 51, 100, last])


def swap(octets):
    return octets.replace(address(7), address(0)).replace(address(8), address(7)).replace(address(0), address(8))


def drop_last(octets):
    """The address of the name server."""
    return octets[:11] + bytes([octets[11] - 1]) + octets[12:-16]


CHANGES = {
    "nothing": lambda octets: octets,
    "rcode": flip(3, 1),
    "AA": flip(2, 4),
    "AD": flip(3, 0x20),
    "Z": flip(3, 0x40),
    "case": replace(b"\4many", b"\4mAny"),
    "class": replace(b"\0\1\0\1\0\0\x0e\x10", b"\0\1\0\4\0\0\x0e\x10"),
    "TTL": replace(b"\0\0\x0e\x10", b"\0\0\x0e\x0f"),
    "address": replace(address(7), address(0)),
    "order": swap,
    "one record less": drop_last,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(backend, what):
    """The comparison compares: with an answer that was changed on the way it finds one difference."""
    asked = Question(f"many.{APEX}", "A", transport="tcp")
    direct = backend.direct.ask_wire(asked.message(1).to_wire())
    honest = direct[:3] + bytes([direct[3] | 0x80]) + direct[4:]
    changed = CHANGES[what](honest)
    result = Comparison("changes", False)
    result.add(asked, direct, changed, 0)
    assert len(result.differences) == (what != "nothing")


def test_hundred_questions(pair):
    judge, fwd = pair
    result = compare(judge, fwd, questions(QUICK))
    assert result.count >= QUICK
    assert result.kinds["rcode 0"] and result.kinds["rcode 3"] and result.kinds["truncated"]


@pytest.mark.long
def test_thousand_questions(pair):
    judge, fwd = pair
    assert compare(judge, fwd, questions()).count >= COUNT


@pytest.mark.long
@pytest.mark.parametrize("pair", ["nsd"], indirect=True)
def test_many_questions(pair):
    """Of one judge, each in another form (T26): some minutes, most of which are the ways to and fro."""
    judge, fwd = pair
    assert compare(judge, fwd, questions(MANY)).count >= MANY
