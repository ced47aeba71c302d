"""query and explain: where an answer comes from, and how it came about."""

import itertools
import json
import re
import socket
import threading

import pytest
from conftest import warm
from reach import fresh
from testserver import expected_a, wait_for

OPTIONS = {"control": True, "cache-size": "1M"}


@pytest.fixture
def fwd(server, start):
    return warm(start(server, OPTIONS))


def kinds(told):
    return [e["event"] for e in told["events"]]


def answered_by(server, fwd):
    """Its connection stands: on a slow machine the next one in the list is faster at first."""
    name = fresh()
    wait_for(lambda i=itertools.count(): fwd.ask(name(next(i))).rcode() == 0 and server.stat("queries") > 0)
    return fwd


def event(told, kind):
    return next(e for e in told["events"] if e["event"] == kind)


def test_an_answer_of_the_upstream(server, fwd):
    told = fwd.ctl_json("explain", "new.test")
    assert (told["name"], told["type"], told["source"], told["zone"]) == ("new.test.", "A", "upstream", None)
    assert told["cache"] == {"state": "unknown"}
    assert [(u["chosen"], u["why"]) for u in told["upstreams"]] == [(True, "asked")]
    assert kinds(told) == ["sent", "answered"]
    sent, answered = told["events"]
    assert sent["address"] == answered["address"] == f"127.0.0.1:{server.tls[0].port}"
    assert (sent["protocol"], sent["encrypted"], sent["authenticated"], sent["resumed"]) == ("TLS1.3", True, True, False)
    assert sent["octets"] == 128 and 12 < sent["octets_unpadded"] < 128 and sent["cookie"] == "none"
    assert answered["octets"] == 468 and answered["octets_unpadded"] < 468 and answered["rcode"] == "NOERROR"
    assert 0 <= sent["at_ms"] <= answered["at_ms"] <= told["stages"]["total_ms"]
    reply = told["reply"]
    assert reply["rcode"] == "NOERROR" and reply["ede"] == [] and "ra" in reply["flags"]
    assert [(r["name"], r["type"], r["data"]) for r in reply["answer"]] == [
        ("new.test.", "A", expected_a("new.test"))
    ]


def test_stages_add_up(fwd):
    stages = fwd.ctl_json("explain", "sum.test")["stages"]
    parts = stages["here_before_ms"] + stages["upstream_ms"] + stages["here_after_ms"]
    assert abs(parts - stages["total_ms"]) < 0.01


def test_the_cache(fwd):
    fwd.ctl("query", "kept.test")
    fwd.ask("kept.test")
    told = fwd.ctl_json("explain", "Kept.Test")
    assert told["source"] == "cache" and told["events"] == []
    assert told["cache"]["state"] == "fresh" and 298 <= told["cache"]["ttl_s"] <= 300 and told["cache"]["hits"] == 1
    assert told["stages"]["upstream_ms"] is None
    text = fwd.ctl("explain", "kept.test").stdout
    assert "  from      cache, " in text and "  cache     fresh, " in text and " of 5 min 0 s, hits so far: " in text


def test_an_answer_that_was_asked_for_without_ad(fwd):
    """It is of no use to somebody who wants AD, and so explain says why it is asked for again."""
    fwd.ask("plain.test")
    told = fwd.ctl_json("explain", "plain.test")
    assert told["source"] == "upstream" and told["cache"]["state"] == "fresh" and told["cache"]["asked_without_ad"]
    fwd.ask("plainer.test")
    assert "asked for without AD, so it is asked for once more" in fwd.ctl("explain", "plainer.test").stdout


def test_it_counts_as_a_query_and_is_kept(fwd):
    before = fwd.stats()
    fwd.ctl("query", "once.test")
    fwd.ctl("query", "once.test")
    fwd.ask("once.test")
    after = fwd.stats()
    assert after["upstream_queries"] - before["upstream_queries"] <= 2  # once, and once more with AD
    assert after["queries_inflight"] == 0


def test_what_is_answered_here(server, start, tmp_path):
    listed = tmp_path / "listed"
    listed.write_text("bad.test\n")
    other = tmp_path / "other"
    other.write_text("worse.test\n")
    options = {**OPTIONS, "record": ["nas.lan A 192.0.2.5"], "special-names": True, "block": [str(other), str(listed)]}
    fwd = start(server, {**options, "special-names-except": ["test"]})
    for name, source in (("nas.lan", "local record"), ("x.localhost", "special-use name"), ("bad.test", "block list")):
        told = fwd.ctl_json("explain", name)
        assert told["source"] == source and told["events"] == [] and told["upstreams"] == []
    assert told["list"] == str(listed) and told["reply"]["rcode"] == "NXDOMAIN"
    assert [(e["code"], e["meaning"]) for e in told["reply"]["ede"]] == [(15, "Blocked")]
    assert fwd.ctl_json("explain", "worse.test")["list"] == str(other)


def test_a_zone(server, start):
    zone = {"name": "corp.test", "forward": ["tcp://127.0.0.1:1"]}
    fwd = start(server, {**OPTIONS, "zone": [zone], "query-timeout": "500ms"})
    told = fwd.ctl_json("explain", "www.corp.test")
    assert told["zone"] == "corp.test." and told["reply"]["rcode"] == "SERVFAIL"
    assert [u["why"] for u in told["upstreams"]] == ["down: tcp://127.0.0.1:1: TCP: Connection refused"]
    assert set(kinds(told)) == {"waits"} and told["stages"]["upstream_ms"] is None
    assert told["source"] == "failure"
    for command in ("explain", "query"):
        text = fwd.ctl(command, "www.corp.test").stdout
        assert re.search(r"from +dnsfwd itself, as no upstream has answered: tcp://127.0.0.1:1 "
                         r"\(down: tcp://127.0.0.1:1: TCP: Connection refused\), zone corp.test.", text), text
    assert [e["code"] for e in told["reply"]["ede"]] == [22]


def test_why_not_the_others(server, start_server, start):
    other = start_server(tls=["127.0.0.1:0"])
    down = {"server": server, "port": 1}
    fwd = start([down, server, {"server": other}], OPTIONS, server=server)
    answered_by(server, fwd)
    told = fwd.ctl_json("explain", "b.test")
    why = {u["name"]: u["why"] for u in told["upstreams"]}
    assert why["u1"].startswith("down: ") and "refused" in why["u1"]
    assert why["u2"] == "asked" and why["u3"] == "comes later in the list (policy failover)"
    assert [u["name"] for u in told["upstreams"] if u["chosen"]] == ["u2"]


def test_another_is_asked_after_servfail(server, start_server, start):
    other = start_server(tls=["127.0.0.1:0"])
    fwd = answered_by(server, start([server, {"server": other}], OPTIONS, server=server))
    server.rule("name=moves.test rcode=SERVFAIL")
    told = fwd.ctl_json("explain", "moves.test")
    assert told["reply"]["rcode"] == "NOERROR"
    answers = [(e["upstream"], e["rcode"]) for e in told["events"] if e["event"] == "answered"]
    assert answers == [("u1", "SERVFAIL"), ("u2", "NOERROR")]


def test_nobody_answers(server, start):
    """Neither the upstream nor the cache is what the reply is from: who was asked, and what became of it."""
    fwd = warm(start(server, {**OPTIONS, "query-timeout": "600ms"}))
    server.rule("name=held.test none")
    told = fwd.ctl_json("explain", "held.test")
    assert (told["source"], told["reply"]["rcode"]) == ("failure", "SERVFAIL")
    fwd.ask("between.test")  # the path is not in doubt
    text = fwd.ctl("query", "held.test").stdout
    assert re.search(r"from +dnsfwd itself, as no upstream has answered: \S+ \(asked", text), text


def test_an_error_of_the_upstream(server, start):
    fwd = warm(start(server, OPTIONS))
    server.rule("name=refused.test rcode=REFUSED")
    told = fwd.ctl_json("explain", "refused.test")
    assert (told["source"], told["reply"]["rcode"]) == ("upstream", "REFUSED")
    assert re.search(r"from +upstream \S+ \(TLS.*\), which says REFUSED", fwd.ctl("query", "refused.test").stdout)


def test_an_old_answer_after_all(server, start):
    """It waited for an upstream first."""
    fwd = warm(start(server, {**OPTIONS, "query-timeout": "4s", "cache-max-ttl": "1s"}))
    fwd.ask("older.test")
    server.rule("name=older.test rcode=SERVFAIL")
    told = {}

    def is_stale():
        told.update(fwd.ctl_json("explain", "older.test"))
        return told["cache"]["state"] == "stale"

    wait_for(is_stale, what="an old answer")
    assert told["source"] == "cache, stale" and [e["code"] for e in told["reply"]["ede"]] == [3]
    assert "cache, stale" in fwd.ctl("query", "older.test").stdout


def test_cookies(server, start):
    server.command("cookies on")
    fwd = warm(start(server, OPTIONS))
    fwd.ask("c.test")
    told = fwd.ctl_json("explain", "cookie.test")
    assert event(told, "sent")["cookie"] == "client and server" and event(told, "answered")["cookie"] == "came along"


def test_a_lost_connection(server, fwd):
    server.rule("name=lost.test times=1 none close")
    told = fwd.ctl_json("explain", "lost.test")
    assert kinds(told)[:2] == ["sent", "returned"] and kinds(told)[-2:] == ["sent", "answered"]
    assert "connection ended" in event(told, "returned")["why"]
    assert told["reply"]["rcode"] == "NOERROR"


def test_an_equal_question_in_flight(server, fwd):
    server.rule("name=held.test delay=1500")
    thread = threading.Thread(target=fwd.ctl, args=("query", "held.test"))
    thread.start()
    wait_for(lambda: fwd.stats()["queries_inflight"] == 1)
    told = fwd.ctl_json("explain", "held.test")
    thread.join()
    assert kinds(told)[0] == "joined" and told["reply"]["rcode"] == "NOERROR"


def test_stale(server, start):
    fwd = warm(start(server, {**OPTIONS, "query-timeout": "4s", "cache-max-ttl": "1s"}))
    fwd.ask("old.test")
    server.rule("name=old.test none")
    wait_for(lambda: fwd.ctl_json("explain", "old.test")["cache"]["state"] == "stale", what="an old answer")
    told = fwd.ctl_json("explain", "old.test")
    assert [e["code"] for e in told["reply"]["ede"]] == [3] and told["cache"]["state"] == "stale"
    assert told["source"] == "cache, stale"  # it was tried lately, so it is given at once


@pytest.mark.parametrize(
    "rrtype, data",
    [
        ("MX", "10 mail.example."),
        ("TXT", '"a b" "c\\"d"'),
        ("SRV", "1 2 3 host.example."),
        ("CNAME", "other.lan."),
        ("PTR", "host.example."),
    ],
)
def test_records_as_people_write_them(server, start, rrtype, data):
    fwd = start(server, {**OPTIONS, "record": [f"r.lan {rrtype} {data}"]})
    told = fwd.ctl_json("query", "r.lan", rrtype)
    assert told["reply"]["answer"][0]["data"] == data


def test_what_cannot_be_asked(fwd):
    for words, why in (
        (("a..b",), "no domain name"),
        (("a.test", "NONE"), "no such type"),
        (("a.test", "TYPE0"), "no such type"),
        (("a.test", "TYPE70000"), "no such type"),
        ((), "usage"),
    ):
        done = fwd.ctl("explain", *words)
        assert done.returncode == (2 if why == "usage" else 1) and why in done.stderr, done


def test_many_at_once_and_clients_that_leave(server, fwd):
    """More than are taken at a time; those who leave early leave nothing behind."""
    server.rule("name=*.held.test delay=1000")
    clients = []
    for i in range(12):
        s = socket.socket(socket.AF_UNIX)
        s.connect(fwd.control)
        s.sendall(b"explain n%d.held.test\n" % i)
        clients.append(s)
    refused = 0
    for s in clients[6:]:
        s.settimeout(20)
        refused += b"too much is asked" in s.recv(65536)
    for s in clients:
        s.close()
    assert refused == 4
    wait_for(lambda: fwd.ctl("explain", "a.test").returncode == 0, what="room again")
    wait_for(lambda: fwd.stats()["queries_inflight"] == 0)


def test_ending_while_one_is_under_way(server, start):
    fwd = warm(start(server, OPTIONS))
    server.rule("name=never.test none")
    s = socket.socket(socket.AF_UNIX)
    s.connect(fwd.control)
    s.sendall(b"explain never.test\n")
    wait_for(lambda: fwd.stats()["queries_inflight"] == 1)
    fwd.end()
    s.close()


def test_no_name_is_logged(server, start):
    fwd = warm(start(server, {**OPTIONS, "log-level": "debug"}))
    fwd.ctl("explain", "secret.test")
    fwd.ctl("query", "secret.test")
    fwd.stats()
    assert "secret" not in fwd.log_text() and "secret" not in fwd.ctl("log", "--recent").stdout


def test_query_is_short(fwd):
    lines = fwd.ctl("query", "short.test").stdout.splitlines()
    assert lines[0].split() == ["short.test.", "300", "A", expected_a("short.test")]
    assert lines[1].startswith("  from  upstream ") and lines[2].startswith("  took  ") and len(lines) == 3


def test_a_reload_while_one_is_under_way(server, start_server, start):
    """Its upstream leaves: it is asked of others, or told why not, and nothing is left behind."""
    other = start_server(tls=["127.0.0.1:0"])
    fwd = warm(start([server], {**OPTIONS, "query-timeout": "4s"}, server=server))
    server.rule("name=moved.test none")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(fwd.control)
        s.sendall(b"explain moved.test\n")
        wait_for(lambda: fwd.stats()["queries_inflight"] == 1)
        fwd.reload({"forward": [other.upstream()], "tls-cert-bundle": other.ca})
        told = json.loads(s.makefile().readline())
    assert told["name"] == "moved.test." and kinds(told)[0] == "sent"
    assert fwd.ctl_json("explain", "next.test")["reply"]["rcode"] == "NOERROR"
