"""SIGHUP: the configuration is read again and used whole, or not at all; what has not changed goes on as it is."""

import json
import os
import pathlib
import re
import signal
import threading

import dns.message
import pytest
from conftest import addresses
from load import load
from ports import free_port
from testserver import expected_a, make_certs, spki_pin, wait_for


@pytest.fixture
def server(start_server):
    """Nobody else's: its connections are counted."""
    return start_server()


def forward(*servers, **options):
    """The options of a group of these, in the long form, with more said of the last."""
    groups = [{"name": f"u{s.tls[0].port}", "address": "127.0.0.1", "port": s.tls[0].port, "auth-name": "resolver.test",
               "tls-cert-bundle": s.ca} for s in servers]
    groups[-1].update(options)
    return {"upstream": groups, "forward": [g["name"] for g in groups]}


def ask_good(fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)], name


def test_unchanged_goes_on(start, server):
    """No new session, no answer forgotten."""
    fwd = start(server, {"cache-size": "1M"})
    ask_good(fwd, "a.test")
    for n in range(5):
        lines = fwd.reload({})
        assert any("0 options changed" in line for line in lines)
        ask_good(fwd, f"b{n}.test")
        ask_good(fwd, "a.test")
    assert server.count("a.test") == 1
    assert len(server.conns()) == 1
    assert fwd.stats()["handshakes_full"] + fwd.stats()["handshakes_resumed"] == 1


def test_another_upstream(start, server, start_server):
    """Who is gone takes nothing new, and answers what it was asked."""
    other = start_server()
    server.rule("name=late.test delay=700")
    fwd = start(None, forward(server))
    replies = []
    with fwd.udp_socket() as s:
        ask_good(fwd, "a.test")
        query = dns.message.make_query("late.test", "A")
        s.send(query.to_wire())
        wait_for(lambda: server.count("late.test"), what="the query to be there")
        fwd.reload(forward(other))
        ask_good(fwd, "b.test")
        replies = dns.message.from_wire(s.recv(4096))
    assert addresses(replies) == [expected_a("late.test")]
    assert (server.count("b.test"), other.count("b.test")) == (0, 1)
    assert (server.count("late.test"), other.count("late.test")) == (1, 0)
    wait_for(lambda: not server.conns(), what="the session to end")


def test_group_that_grows_and_shrinks(start, server, start_server):
    """The one that stays keeps its session, wherever it stands."""
    other = start_server()
    fwd = start(None, forward(server))
    ask_good(fwd, "a.test")
    fwd.reload(forward(other, server))
    ask_good(fwd, "b.test")
    fwd.reload(forward(server, other))
    ask_good(fwd, "c.test")
    fwd.reload(forward(server))
    ask_good(fwd, "d.test")
    assert len(server.conns()) == 1


def test_changed_group_never_meets_old_answers(start, server, start_server):
    other = start_server()
    fwd = start(None, {"cache-size": "1M", **forward(server)})
    ask_good(fwd, "a.test")
    fwd.reload(forward(other))
    ask_good(fwd, "a.test")
    assert (server.count("a.test"), other.count("a.test")) == (1, 1)
    fwd.reload(forward(server))
    ask_good(fwd, "a.test")
    assert server.count("a.test") == 1  # it is there still


def test_changed_pins_refuse(start, server, start_server):
    """From now on, and no ticket helps."""
    fwd = start(None, {**forward(server), "query-timeout": "1s"})
    ask_good(fwd, "a.test")
    fwd.reload(forward(server, **{"pin-sha256": ["A" * 43 + "="]}))
    assert fwd.ask("b.test").rcode() == 2
    fwd.wait_log("pin mismatch")
    fwd.reload(forward(server, **{"pin-sha256": [spki_pin(server.certs / "server.pem")]}))
    ask_good(fwd, "c.test")
    assert server.count("b.test") == 0


def test_bundle_that_changes_on_disk(start, server, tmp_path):
    """It is read again: sessions and tickets under the old one are not used any more."""
    bundle = tmp_path / "ca.pem"
    ours, others = pathlib.Path(server.ca).read_text(), (make_certs(tmp_path / "others") / "ca.pem").read_text()
    bundle.write_text(ours)
    fwd = start(None, {**forward(server, **{"tls-cert-bundle": str(bundle)}), "query-timeout": "1s"})
    ask_good(fwd, "a.test")
    fwd.reload({})
    assert len(server.conns()) == 1
    bundle.write_text(others)
    fwd.reload({})
    assert fwd.ask("b.test").rcode() == 2
    assert server.count("b.test") == 0
    bundle.write_text(ours + others)
    fwd.reload({})
    ask_good(fwd, "c.test")
    assert fwd.stats()["handshakes_resumed"] == 0


BAD = {
    "empty": "",
    "half": 'forward = [ "9.9.9.9" ',
    "unknown": 'forward = [ "9.9.9.9" ]\nquery-timout = "1s"\n',
    "binary": bytes(range(256)) * 16,
    "huge": "# " + "x" * 10_000_000,
    "loop": '@include "dnsfwd.conf"\n',
    "no-bundle": 'forward = [ "9.9.9.9" ]\ntls-cert-bundle = "/does/not/exist"\n',
    "no-secret": 'forward = [ "9.9.9.9" ]\ncookie-secret-file = "/does/not/exist"\n',
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_file(start, server, kind):
    """All is as it was; the log says where and why (threats F19)."""
    fwd = start(server)
    ask_good(fwd, "a.test")
    good = pathlib.Path(fwd.path).read_bytes()
    keep = "".join(f"{k} = {v}\n" for k, v in (("port", 0), ("listen", '[ "127.0.0.1" ]')))
    text = BAD[kind] if isinstance(BAD[kind], bytes) else (keep if kind.startswith("no-") else "") + BAD[kind]
    pathlib.Path(fwd.path).write_bytes(text if isinstance(text, bytes) else text.encode())
    taken, lines = fwd.hang_up()
    assert not taken
    assert sum(" error reload: " in line for line in lines) >= 2
    if kind == "unknown":
        assert any("dnsfwd.conf:2:" in line for line in lines), lines
    ask_good(fwd, "b.test")
    assert len(server.conns()) == 1
    pathlib.Path(fwd.path).write_bytes(good)
    assert fwd.hang_up()[0]
    ask_good(fwd, "c.test")
    assert len(server.conns()) == 1


def test_names_of_upstreams_are_not_forgotten(start, server, start_server):
    """What a name stands for is known still: for upstreams that stay, and for new ones of that name."""
    host = "a-127-0-0-1.upstream.test"  # as the test resolver answers, it is there
    other, boot = start_server(), start_server(tls=0, udp=1)

    def named(*servers):
        return {"forward": [f"tls://{host}:{s.tls[0].port}#resolver.test" for s in servers]}

    fwd = start(None, {**named(server), "bootstrap": [f"127.0.0.1:{boot.udp[0].port}"], "state-dir": "",
                       "tls-cert-bundle": server.ca}, server=server)
    ask_good(fwd, "a.test")
    asked = boot.count(host)
    for n in range(5):
        fwd.reload({})
        ask_good(fwd, f"b{n}.test")
    assert len(server.conns()) == 1
    fwd.reload(named(other))
    ask_good(fwd, "c.test")
    assert other.count("c.test") == 1 and boot.count(host) == asked
    spare = start_server(tls=0, udp=1)
    fwd.reload({**named(server), "bootstrap": [f"127.0.0.1:{spare.udp[0].port}"]})
    ask_good(fwd, "d.test")
    wait_for(lambda: spare.count(host), what="the other bootstrap server to be asked")


def test_asked_for_by_dnsfwdctl(start, server):
    """Whoever asks is told what is wrong, as the log is."""
    fwd = start(server, {"control": True})
    assert fwd.ctl("reload").returncode == 0
    good = pathlib.Path(fwd.path).read_text()
    pathlib.Path(fwd.path).write_text(good + 'query-timout = "1s"\nforward-to = 3\n')
    done = fwd.ctl("reload")
    assert done.returncode == 1 and 'option "query-timout": unknown, did you mean "query-timeout"?' in done.stderr
    assert f"dnsfwd.conf:{good.count(chr(10)) + 1}: " in done.stderr
    assert 'option "forward-to": unknown' in done.stderr and len(done.stderr.splitlines()) == 2, "all of them, as -t does"
    fwd.wait_log("forward-to")
    fwd.wait_log("the configuration is not changed")
    ask_good(fwd, "a.test")
    assert len(server.conns()) == 1
    said = json.loads(fwd.ctl("--json", "reload").stdout)
    assert said["error"] == said["errors"][0] and len(said["errors"]) == 2


def test_what_dnsfwdctl_is_told_is_bounded(start, server):
    """Many long complaints: as many as there is room for, and how many more the log has."""
    fwd = start(server, {"control": True})
    path = pathlib.Path(fwd.path)
    wrong = "".join(f'record{i} = "{i}"\n' for i in range(48)) + "".join(f'listen{"x" * 70}{i} = 1\n' for i in range(40))
    path.write_text(path.read_text() + wrong)
    lines = fwd.ctl("reload").stderr.splitlines()
    assert len(lines) < 60 and max(map(len, lines)) < 400
    assert sum("unknown" in line for line in lines) >= 40
    assert re.search(r"^dnsfwdctl: \.\.\. and \d+ more(: the log has them)?$", lines[-1]), lines[-1]


def test_file_is_gone(start, server):
    fwd = start(server)
    pathlib.Path(fwd.path).unlink()
    taken, lines = fwd.hang_up()
    assert not taken and any("cannot be read: No such file" in line for line in lines)
    ask_good(fwd, "a.test")


@pytest.mark.parametrize(
    "option, value",
    [("listen", ["127.0.0.2"]), ("workers", 2), ("state-dir", "/var/tmp"), ("cache-snapshot", "/tmp/x"), ("port", 1)],
)
def test_needs_a_restart(start, server, option, value):
    """Refused whole, by name."""
    fwd = start(server)
    fwd.write_config({option: value, "block-answer": "nodata"})
    taken, lines = fwd.hang_up()
    assert not taken
    assert any(f'option "{option}": a change of it needs a restart' in line for line in lines), lines
    ask_good(fwd, "a.test")


@pytest.mark.built_with("LANDLOCK")
def test_what_the_sandbox_does_not_allow(start, server, tmp_path):
    """A file that was not named at the start, nor stands beside one that was, is out of reach."""
    far = tmp_path / "far"
    far.mkdir()
    (far / "hosts").write_text("10.0.0.1 far.test\n")
    fwd = start(server, {"sandbox": True})
    if "Landlock" not in fwd.wait_log("sandbox: (.*)")[1] or "no Landlock" in fwd.log_text():
        pytest.skip("this kernel has no Landlock")
    fwd.write_config({"hosts": [str(far / "hosts")]})
    taken, lines = fwd.hang_up()
    assert not taken and any(f"needs a restart: {far}/hosts" in line for line in lines), lines
    ask_good(fwd, "far.test")


def test_upstream_that_is_ourselves(start, server):
    fwd = start(server)
    fwd.write_config({"forward": [f"127.0.0.1@{fwd.port}"]})
    taken, lines = fwd.hang_up()
    assert not taken and any("where dnsfwd itself listens" in line for line in lines)
    ask_good(fwd, "a.test")


def test_zones_come_and_go(start, server, start_server):
    port = free_port()
    corp = start_server(udp=[f"127.0.0.1:{port}"], tcp=[f"127.0.0.1:{port}"])
    zone = {"name": "corp.test", "forward": [f"udp://127.0.0.1:{port}"]}
    fwd = start(server)
    ask_good(fwd, "a.corp.test")
    fwd.reload({"zone": [zone]})
    ask_good(fwd, "b.corp.test")
    corp.rule("name=late.corp.test delay=700")
    with fwd.udp_socket() as s:
        s.send(dns.message.make_query("late.corp.test", "A").to_wire())
        wait_for(lambda: corp.count("late.corp.test"), what="the query to be there")
        fwd.reload({"zone": None})
        ask_good(fwd, "c.corp.test")
        assert addresses(dns.message.from_wire(s.recv(4096))) == [expected_a("late.corp.test")]
    assert [server.count(f"{x}.corp.test") for x in "abc"] == [1, 0, 1]
    assert [corp.count(f"{x}.corp.test") for x in "abc"] == [0, 1, 0]


def test_cache_of_another_size(start, server):
    """What it holds moves along; without a cache nothing is kept."""
    fwd = start(server, {"cache-size": "16M"})
    names = [f"n{i}.test" for i in range(200)]
    for name in names:
        ask_good(fwd, name)
    for size in ("1M", "32M"):
        fwd.reload({"cache-size": size})
        for name in names:
            ask_good(fwd, name)
    assert sum(server.count(name) for name in names) == len(names)
    fwd.reload({"cache-size": 0})
    ask_good(fwd, names[0])
    ask_good(fwd, names[0])
    assert server.count(names[0]) == 3
    fwd.reload({"cache-size": "1M"})
    ask_good(fwd, names[0])
    ask_good(fwd, names[0])
    assert server.count(names[0]) == 4


def test_shorter_timeout_for_those_under_way(start, server):
    server.rule("name=*.never.test drop")
    fwd = start(server, {"query-timeout": "50s"})
    with fwd.udp_socket() as s:
        s.send(dns.message.make_query("a.never.test", "A").to_wire())
        wait_for(lambda: server.count("a.never.test"), what="the query to be there")
        fwd.reload({"query-timeout": "1s"})
        assert dns.message.from_wire(s.recv(4096)).rcode() == 2


def reload_often(fwd, times, changes=({},)):
    for n in range(times):
        fwd.reload(changes[n % len(changes)])


def run_under_load(fwd, count, rate, work):
    """The load's result, with the work done meanwhile."""
    results = []
    thread = threading.Thread(target=lambda: results.append(load(fwd, count, rate=rate)))
    thread.start()
    work()
    thread.join()
    return results[0]


@pytest.mark.parametrize("workers", [1, 2])
def test_hundred_reloads(start, server, workers):
    """Threats F18: nothing is lost, the session stays, no descriptor is left behind."""
    fwd = start(server, {"cache-size": "4M", "workers": workers})
    ask_good(fwd, "kept.test")
    run_under_load(fwd, 200, 1000, lambda: None).check()
    wait_for(lambda: fwd.stats()["sessions"] == workers, what="a session of each worker")
    before, conns = fwd.fds(), len(server.conns())
    result = run_under_load(fwd, 6000, 1000, lambda: reload_often(fwd, 100))
    result.check()
    ask_good(fwd, "kept.test")
    assert server.count("kept.test") == 1
    assert len(server.conns()) == conns
    wait_for(lambda: fwd.fds() <= before, what=f"{before} descriptors, there are {fwd.fds()}")
    print(f"{workers} workers: {result}, {len(server.conns())} connections, {fwd.fds()} descriptors")


def test_hundred_changes(start, server, start_server):
    """The same while upstreams, zones, the cache and timeouts change each time: nothing is lost."""
    other = start_server()
    port = free_port()
    corp = start_server(udp=[f"127.0.0.1:{port}"], tcp=[f"127.0.0.1:{port}"])
    zone = {"name": "corp.test", "forward": [f"udp://127.0.0.1:{port}"]}
    changes = (
        {**forward(other), "zone": [zone], "cache-size": "1M"},
        {**forward(other, server), "policy": "fastest", "query-timeout": "10s"},
        {**forward(server), "zone": None, "policy": "failover", "max-queries": 20000},
        {**forward(server, connections=1), "cache-size": "2M", "query-timeout": "20s"},
    )
    fwd = start(None, {"cache-size": "1M", **forward(server)})
    ask_good(fwd, "a.test")
    before = fwd.fds()
    result = run_under_load(fwd, 6000, 1000, lambda: reload_often(fwd, 100, changes))
    result.check()
    ask_good(fwd, "b.test")
    wait_for(lambda: fwd.fds() <= before + 4, what=f"{before} descriptors, there are {fwd.fds()}")
    print(f"changes: {result}, {fwd.fds()} descriptors, {before} before")


def test_local_data_and_flush_under_load(start, server, tmp_path):
    """Block lists and hosts are changed and reloaded, the cache is flushed."""
    blocks, hosts = tmp_path / "block", tmp_path / "hosts"
    blocks.write_text("blocked.test\n" + "".join(f"x{i}.blocked.example\n" for i in range(20000)))
    hosts.write_text("10.0.0.1 host.test\n")
    fwd = start(server, {"cache-size": "1M", "block": [str(blocks)], "hosts": [str(hosts)]})

    def work():
        for n in range(20):
            fwd.reload({"block": [str(blocks)] if n % 2 else [], "hosts": [str(hosts)] if n % 4 < 2 else []})
            os.kill(fwd.pid, signal.SIGUSR2)

    run_under_load(fwd, 3000, 1000, work).check()
    fwd.reload({"block": [str(blocks)], "hosts": [str(hosts)]})
    assert fwd.ask("blocked.test").rcode() == 3
    assert addresses(fwd.ask("host.test")) == ["10.0.0.1"]
    blocks.write_text("other.test\n")
    fwd.reload({})
    assert fwd.ask("other.test").rcode() == 3
    ask_good(fwd, "blocked.test")
