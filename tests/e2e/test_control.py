"""The control socket: who may do what, what is refused, and that whatever is done to it no query suffers."""

import fcntl
import json
import os
import pathlib
import random
import re
import signal
import socket
import stat
import subprocess
import time

import pytest
from conftest import warm
from daemon import CTL, TIMEOUT, Dnsfwd, run
from testserver import expected_a, wait_for

NOBODY = 65534
LINE_MAX = 4096
CLIENTS_MAX, LOOKERS_MAX = 32, 24
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def fwd(server, start):
    return warm(start(server, {"control": True}))


def connect(fwd):
    s = socket.socket(socket.AF_UNIX)
    s.connect(fwd.control)  # waits while as many as the kernel queues have not been taken
    s.settimeout(TIMEOUT)
    return s


def read_all(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except ConnectionResetError:  # what was not read of the request
        pass
    return data


def ask(fwd, request, end=True):
    """All that is answered to these octets."""
    with connect(fwd) as s:
        try:
            s.sendall(request)
            if end:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_all(s)


def error_of(answer):
    assert answer.endswith(b"\n") and answer.count(b"\n") == 1, answer
    answer = json.loads(answer)
    assert list(answer) == ["error"]
    return answer["error"]


# -- requests ---------------------------------------------------------------------


def test_a_line_is_answered_by_a_line(fwd):
    for request in (b"status\n", b"status\r\n", b"status\nwhatever comes behind\n"):
        answer = ask(fwd, request, end=False)
        assert answer.endswith(b"}\n") and answer.count(b"\n") == 1
        assert json.loads(answer)["state"] == "healthy"
    assert json.loads(ask(fwd, b"status"))["state"] == "healthy"  # ended by the end of the stream


@pytest.mark.parametrize(
    "request_, why",
    [
        (b"\n", "an empty request"),
        (b" status\n", "one space"),
        (b"sta\ttus\n", "printable ASCII"),
        (b"\xff\xfe\n", "printable ASCII"),
        (b"a" * LINE_MAX + b"\n", "no such command"),
        (b"a" * (LINE_MAX + 1) + b"\n", "too long"),
        (b"a" * 1_000_000, "too long"),
        (random.Random(1).randbytes(1 << 20).replace(b"\n", b""), "too long"),
        (b"status now\n", "usage: status"),
        (b"log-level\n", "usage: log-level"),
        (b"log-level loud\n", "error, warning, info or debug"),
        (b"flush\n", "usage: flush"),
        (b"flush a b\n", "usage: flush"),
        (b"flush --zone\n", "usage: flush"),
        (b"flush " + b"a" * 64 + b".test\n", "no domain name"),
    ],
    ids=lambda v: v[:20] if isinstance(v, bytes) else v,
)
def test_what_is_no_request_is_told_why(fwd, request_, why):
    assert why in error_of(ask(fwd, request_))


def test_nothing_is_no_request(fwd):
    assert ask(fwd, b"") == b""


@pytest.mark.clock
def test_a_request_has_to_come_in_time(fwd):
    with connect(fwd) as s:
        s.sendall(b"stat")
        assert "in time" in error_of(read_all(s))


def test_silent_clients_keep_nobody_out(fwd):
    fwd.stats()  # it has been around its loop
    fds = fwd.fds()
    silent = [connect(fwd) for _ in range(3 * CLIENTS_MAX)]
    assert json.loads(ask(fwd, b"status\n"))["state"] == "healthy"
    assert fwd.ctl_json("stats")["bound_control"] >= 2 * CLIENTS_MAX
    for s in silent:
        s.close()
    wait_for(lambda: fwd.fds() == fds, what="descriptors given back")


def test_many_at_once_leave_nothing_behind(fwd):
    ask(fwd, b"stats\n")
    fds, rss = fwd.fds(), fwd.rss()
    for _ in range(40):
        clients = [connect(fwd) for _ in range(25)]
        for i, s in enumerate(clients):
            try:
                s.sendall((b"stats\n", b"status\n", b"sta", os.urandom(2000))[i % 4])
            except BrokenPipeError:  # it had to make room for others
                pass
        for s in clients:
            s.close()
    wait_for(lambda: fwd.fds() == fds, what="descriptors given back")
    assert json.loads(ask(fwd, b"status\n"))["state"] == "healthy"
    assert fwd.rss() < rss + (64 << 20 if b"asan" in pathlib.Path(f"/proc/{fwd.pid}/maps").read_bytes() else 4 << 20)


# -- rights -----------------------------------------------------------------------


def as_nobody(*words, fwd):
    """dnsfwdctl as another user, whom the mode of the socket lets in."""
    os.chmod(fwd.folder, 0o755)
    os.chown(fwd.control, -1, NOBODY)
    return fwd.ctl(*words, user=NOBODY, group=NOBODY, extra_groups=[])


@as_root
@pytest.mark.parametrize("words", [("status",), ("stats",)], ids=" ".join)
def test_the_group_may_look(fwd, words):
    assert as_nobody(*words, fwd=fwd).returncode == 0


@as_root
@pytest.mark.parametrize("words", [("flush", "--all"), ("log-level", "debug"), ("reload",)], ids=" ".join)
def test_the_group_may_change_nothing(fwd, words):
    done = as_nobody(*words, fwd=fwd)
    assert done.returncode == 1 and f"{words[0]}: not permitted to uid {NOBODY}" in done.stderr
    fwd.stats()  # behind it, all lines before are here
    assert "by uid" not in fwd.log_text()


@as_root
def test_others_are_kept_out(fwd):
    os.chmod(fwd.folder, 0o755)
    done = fwd.ctl("status", user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 3 and "not permitted; try as root" in done.stderr


@as_root
def test_lookers_leave_room_for_root(fwd):
    """However many of the group are there, and busy: root is answered."""
    os.chmod(fwd.folder, 0o755)
    os.chmod(fwd.control, 0o666)
    hog = (
        "import socket, sys, time\n"
        "held = []\n"
        f"for _ in range({4 * CLIENTS_MAX}):\n"
        "    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); held.append(s)\n"
        "print('there', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        ["/usr/bin/python3", "-c", hog, fwd.control],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    ) as p:
        assert p.stdout.readline() == b"there\n"
        assert fwd.ctl("log-level", "info").returncode == 0
        p.communicate()


def test_the_socket_is_not_for_everybody(fwd):
    st = os.stat(fwd.control)
    assert stat.S_ISSOCK(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o660


# -- the path ---------------------------------------------------------------------


def test_it_is_gone_at_the_end(fwd):
    fwd.end()
    assert not os.path.exists(fwd.control)


def test_what_a_dead_process_has_left_is_replaced(server, start, fwd):
    path = fwd.control
    fwd.process.kill()
    fwd.process.wait()
    assert os.path.exists(path)
    again = warm(start(server, {"control": path}))
    again.control = path
    assert warm(again).ctl("status").returncode == 0
    again.end()
    fwd.process.returncode = 0  # it was killed on purpose


def refused(server, tmp_path, control):
    """The complaint of a dnsfwd that is to use this path."""
    fwd = Dnsfwd(server, {"control": str(control)}, wait=False)
    status = fwd.wait_end()
    text = fwd.log_text()
    fwd.kill()
    assert status == 3, text
    return text


def test_a_living_one_keeps_its_socket(server, fwd, tmp_path):
    text = refused(server, tmp_path, fwd.control)
    assert f"another process (pid {fwd.pid}) listens there" in text
    assert fwd.ctl("status").returncode == 0


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling"])
def test_nothing_else_is_replaced_or_followed(server, tmp_path, kind):
    path, other = tmp_path / "control.sock", tmp_path / "other"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(other)
        if kind == "link":
            other.write_text("precious")
    assert "no socket stands there" in refused(server, tmp_path, path)
    assert path.is_symlink() or path.exists()
    assert other.exists() == (kind == "link")


def test_a_folder_that_anybody_can_write_to(server, start, tmp_path):
    """That is told; names are resolved all the same, and the socket is there."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    fwd = start(server, {"control": str(folder / "control.sock")})
    fwd.wait_log("anybody can write to its folder")
    assert fwd.ask("www.test").rcode() == 0
    assert (folder / "control.sock").is_socket()


def test_a_folder_that_somebody_has_locked(server, start, tmp_path):
    """Whoever can read a folder can lock it: nobody keeps us from starting that way."""
    folder = tmp_path / "run"
    folder.mkdir()
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        fwd = start(server, {"control": str(folder / "control.sock")})
        fwd.control = str(folder / "control.sock")
        assert fwd.ask("www.test").rcode() == 0  # before it is connected, status says so
        assert fwd.ctl("status").returncode == 0
    finally:
        os.close(fd)


def test_a_missing_folder(server, tmp_path):
    assert "No such file or directory" in refused(server, tmp_path, tmp_path / "none" / "control.sock")


@as_root
def test_a_default_that_cannot_be_made_is_no_error(server, tmp_path):
    """Not root, and no folder made for it: told, and that is all."""
    os.chmod(tmp_path, 0o755)
    fwd = Dnsfwd(
        config=False,
        args=["-c", str(nobody_s_config(server, tmp_path))],
        preexec=lambda: (os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)),
    )
    with fwd:
        fwd.wait_log(r"info no control socket: /run/dnsfwd/control.sock: ")
        assert fwd.ask("a.test").rcode() == 0


def nobody_s_config(server, tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(pathlib.Path(server.ca).read_bytes())
    path = tmp_path / "dnsfwd.conf"
    path.write_text(
        f'listen = [ "127.0.0.1" ]\nport = 0\nstate-dir = ""\nforward = [ "{server.upstream()}" ]\n'
        f'tls-cert-bundle = "{bundle}"\nspecial-names = false\nhosts = [ ]\n'
    )
    for p in (bundle, path):
        p.chmod(0o644)
    for folder in path.parents:
        if folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    return path


# -- dnsfwdctl ----------------------------------------------------------------------


def ctl(*words, **kwargs):
    return run(*words, binary=CTL, **kwargs)


def test_help_names_all_commands():
    done = ctl("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: dnsfwdctl ")
    names = [line.split()[0] for line in done.stdout.split("commands:\n")[1].split("\n\n")[0].splitlines()]
    assert {"status", "stats", "flush", "log-level", "reload"} <= set(names)
    for name in names:
        for option in ("--help", "-h"):
            done = ctl(name, option)
            assert done.returncode == 0 and done.stdout.startswith(f"usage: dnsfwdctl {name}"), done


def test_version():
    assert ctl("-V").stdout == ctl("--version").stdout
    assert ctl("-V").stdout.split()[0] == "dnsfwdctl"


@pytest.mark.parametrize("words", [(), ("bogus",), ("-x", "status"), ("status", "-s"), ("flush", "a b"), ("top", "-d", "0")], ids=str)
def test_a_wrong_command_line(words):
    done = ctl(*words)
    assert done.returncode == 2 and done.stderr.startswith("dnsfwdctl: ") and done.stdout == ""


def test_not_running(tmp_path):
    (tmp_path / "file").write_text("")
    done = ctl("status", "-s", str(tmp_path / "file"))
    assert done.returncode == 3 and "is no socket" in done.stderr
    done = ctl("status", "-s", str(tmp_path / "none.sock"))
    assert done.returncode == 3 and "dnsfwd is not running" in done.stderr and "-s" in done.stderr
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "dead.sock"))
    done = ctl(f"--socket={tmp_path / 'dead.sock'}", "--json", "status")
    assert done.returncode == 3 and "dnsfwd is not running" in done.stderr and done.stdout == ""


def test_it_can_be_stopped_meanwhile(server, fwd):
    """Ctrl-Z, and fg: it waits on for the answer."""
    server.rule("name=slow.test delay=1000")
    with subprocess.Popen([CTL, "-s", fwd.control, "query", "slow.test"], stdout=subprocess.PIPE, text=True) as p:
        wait_for(lambda: fwd.stats()["queries_inflight"] == 1)
        p.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, p.pid, os.WSTOPPED)
        p.send_signal(signal.SIGCONT)
        assert expected_a("slow.test") in p.communicate(timeout=TIMEOUT)[0] and p.returncode == 0


def test_an_answer_that_is_none(tmp_path):
    """Somebody else listens there, or dnsfwd has died with the question."""
    path = tmp_path / "odd.sock"
    for answer, word in ((b"", "without an answer"), (b"hello\n", "no JSON"), (b'{"a":', "no JSON"), (b"[1]\n", None)):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(path))
            s.listen()
            p = subprocess.Popen([CTL, "-s", path, "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            client, _ = s.accept()
            with client:
                assert client.recv(100) == b"status\n"
                client.sendall(answer)
            out, err = p.communicate(timeout=TIMEOUT)
            assert p.returncode in (1, 4) and (word is None or word in err), (answer, out, err)
        path.unlink()


def test_commands(server, start):
    fwd = warm(start(server, {"control": True, "cache-size": "1M"}))
    for name in ("a.test", "b.test", "x.b.test"):
        fwd.ask(name)
    assert fwd.ctl_json("flush", "--zone", "b.test") == {"flushed": 2}
    assert fwd.ctl("flush", "A.test").stdout == "1 answer was taken out of the cache\n"
    fwd.wait_log("control: 1 answers were taken out of the cache, by uid")
    assert "b.test" not in fwd.log_text()
    assert fwd.ctl_json("flush", "--all")["flushed"] >= 1
    assert fwd.stats()["cache_entries"] == 0

    assert fwd.ctl_json("log-level", "debug") == {"ok": True}
    fwd.wait_log("info control: log-level is debug now, by uid 0")
    assert fwd.ctl("log-level", "error").stdout == ""
    fwd.wait_log("info control: log-level is error now")
    since = len(fwd.log())
    fwd.ctl("flush", "--all")
    assert fwd.log()[since:] == []


def test_status_of_one_that_is_well(fwd):
    status = fwd.ctl_json("status")
    assert (status["state"], status["healthy"], status["reasons"]) == ("healthy", True, [])
    assert status["pid"] == fwd.pid and status["workers"] == status["workers_heard"] == 1
    (upstream,) = status["upstreams"]
    assert (upstream["state"], upstream["encrypted"], upstream["authenticated"]) == ("up", True, True)
    assert upstream["sessions"] == 1 and upstream["protocol"] == "TLS1.3" and upstream["rtt_ms"] > 0
    done = fwd.ctl("status")
    assert done.returncode == 0 and " is healthy: up for " in done.stdout and ", authenticated\n" in done.stdout
    head, row = (next(line for line in done.stdout.splitlines() if line.startswith(f"  {k}")) for k in ("upstream", "tls://"))
    assert head.index("state") == row.index(" up ") + 1  # however long its name is


def test_status_of_one_that_is_cut_off(server, start):
    fwd = start({"server": server, "port": 1}, {"control": True, "query-timeout": "300ms"})
    wait_for(lambda: fwd.ask("a.test") and fwd.ctl_json("status")["state"] == "down", what="that it is down")
    status = fwd.ctl_json("status")
    assert status["state"] == "down" and not status["healthy"]
    assert "is down: " in status["reasons"][0] and "no upstream can be reached" in status["reasons"][-1]
    done = fwd.ctl("status")
    assert done.returncode == 4 and " is down: up for " in done.stdout and "  ! " in done.stdout


def test_stats_has_every_counter(fwd):
    table = pathlib.Path(__file__).parents[2].joinpath("common/base/stats.h").read_text()
    names = [line.split("X(")[1].split(",")[0] for line in table.splitlines() if line.startswith("\tX(")]
    stats = fwd.ctl_json("stats")
    assert list(stats["counters"]) == names
    assert stats["counters"]["queries_udp"] == 1 == stats["upstreams"][0]["counters"]["upstream_queries"]
    lines = dict(line.split("=") for line in fwd.ctl("stats").stdout.splitlines())
    assert {f"count.{n}" for n in names} <= set(lines)
    assert lines["total.num.queries"] == "1" and float(lines["time.up"]) > 0


def test_stats_of_routes_that_are_not_watched(server, start):
    """More upstreams than the watch of networks has room for."""
    many = [
        {"name": f"u{i}", "address": [f"127.1.{i}.{k}" for k in range(1, 17)], "auth-name": "x.test"} for i in range(16)
    ]
    names = [u["name"] for u in many]
    zone = [{"name": "corp.test", "forward": ["tcp://127.2.0.1:1"]}]
    options = {"control": True, "upstream": many, "forward": names, "zone": zone, "tls-cert-bundle": server.ca}
    assert start(None, options).ctl_json("stats")["bound_network_targets"] > 0
    assert "bound_network_targets=0" in start(server, {"control": True}).ctl("stats").stdout


def test_stats_of_lists_and_cache(server, start, tmp_path):
    listed = tmp_path / "listed"
    listed.write_text("bad.test\n")
    fwd = warm(start(server, {"control": True, "cache-size": "1M", "block": [str(listed)]}))
    fwd.ask("bad.test")
    fwd.ask("warm.test")
    lines = dict(line.rsplit("=", 1) for line in fwd.ctl("stats").stdout.splitlines())
    assert lines[f"block.{listed}"] == "1" and lines["cache.entries"] == "1" and lines["total.num.cachehits"] == "1"


def test_workers_are_added_up(server, start):
    fwd = start(server, {"control": True, "workers": 3})
    for i in range(30):
        fwd.ask(f"a{i}.test")
    stats = fwd.ctl_json("stats")
    assert stats["workers"] == stats["workers_heard"] == 3
    assert stats["counters"]["queries_udp"] == 30


@pytest.mark.clock
def test_queries_do_not_notice(fwd):
    """While the socket is busy with garbage and floods, queries are answered."""
    end = time.monotonic() + 2
    held = []
    while time.monotonic() < end:
        s = connect(fwd)
        s.setblocking(False)
        try:
            s.send(os.urandom(5000))
        except OSError:
            pass
        held = [*held[-200:], s]
        assert fwd.ask("busy.test").rcode() == 0
    for s in held:
        s.close()


# -- upstreams ------------------------------------------------------------------------


def upstream_of(fwd, name=None):
    (found,) = [u for u in fwd.ctl_json("upstreams")["upstreams"] if name in (None, u["name"])]
    return found


def test_upstreams_tells_of_a_session(server, start):
    fwd = warm(start(server, {"control": True}))
    before = int(time.time())
    (address,) = upstream_of(fwd)["addresses"]
    host, port = server.tls[0].host, server.tls[0].port
    assert address["address"] == f"{host}:{port}" and address["state"] == "up" and address["sessions"] == 1
    assert (address["handshakes_full"], address["handshakes_resumed"], address["failures"]) == (1, 0, 0)
    assert (address["answers"], address["answers_padded"], address["padding_block"]) == (1, 1, 468)
    assert address["protocol"] == "TLS1.3" and address["authenticated"] and address["handshake_ms"] > 0
    assert address["certificate_expires"] > before and address["last_failure"] is None
    server.command("closeall")
    wait_for(lambda: fwd.ask("again.test").rcode() == 0 and upstream_of(fwd)["addresses"][0]["handshakes_resumed"] == 1)
    assert upstream_of(fwd)["addresses"][0]["certificate_expires"] > before
    text = fwd.ctl("upstreams").stdout
    assert "1 full, 1 resumed; the last took " in text and "100 % padded to multiples of 468 octets" in text


def test_upstreams_tells_of_cookies_and_limits(server, start):
    server.command("cookies on")
    fwd = warm(start(server, {"control": True}))
    for i in range(3):
        fwd.ask(f"c{i}.test")
    assert upstream_of(fwd)["addresses"][0]["cookies"] == "spoken"


def test_upstreams_tells_of_failures(server, start):
    """The stage, and what the library said."""
    dead = {"server": server, "port": 1}
    stranger = {"server": server, "auth-name": "other.test"}
    fwd = start([dead, stranger], {"control": True, "query-timeout": "1s"}, server=server)
    wait_for(
        lambda: fwd.ask("a.test") and {upstream_of(fwd, name)["state"] for name in ("u1", "u2")} == {"down"},
        what="that both are down",
    )
    for name, stage, word in (("u1", "TCP", "refused"), ("u2", "authentication", "other.test")):
        upstream = upstream_of(fwd, name)
        (address,) = upstream["addresses"]
        assert upstream["state"] == "down" and address["state"] == "failed" and address["failures"] >= 1
        assert address["last_failure"]["stage"] == stage and word in address["last_failure"]["reason"]
        assert upstream["next_try_s"] is None or upstream["next_try_s"] < 10
    text = fwd.ctl("upstreams").stdout
    assert "last failure " in text and "TCP: Connection refused" in text


def test_upstreams_of_zones(server, start):
    fwd = start(
        server,
        {"control": True, "zone": [{"name": "corp.test", "forward": ["tcp://127.0.0.1:1"]}], "query-timeout": "500ms"},
    )
    fwd.ask("x.corp.test")
    zone = [u for u in fwd.ctl_json("upstreams")["upstreams"] if u["zone"]]
    assert [(u["zone"], u["transport"], u["profile"]) for u in zone] == [("corp.test", "tcp", None)]
    status = fwd.ctl_json("status")
    assert status["state"] == "degraded" and any("zone corp.test: nobody answers for it" in r for r in status["reasons"])


# -- the flight recorder ---------------------------------------------------------------


def test_recent_lines_are_there_whatever_the_level(server, start):
    fwd = warm(start(server, {"control": True}))
    fwd.ctl("log-level", "error")
    server.command("closeall")
    wait_for(lambda: fwd.ask("again.test").rcode() == 0 and "connected again" in fwd.ctl("log", "--recent").stdout)
    assert "connected again" not in fwd.log_text()
    lines = [json.loads(line) for line in fwd.ctl("--json", "log", "--recent").stdout.splitlines()]
    assert {tuple(line) for line in lines} == {("time", "level", "text")}
    assert {"debug", "info"} <= {line["level"] for line in lines}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert not any("again.test" in line["text"] for line in lines)


@as_root
def test_recent_lines_are_not_for_the_group(fwd):
    assert as_nobody("log", "--recent", fwd=fwd).returncode == 1
    for words in (("log", "--old"), ("flush", "--old"), ("flush", "--zone"), ("status", "now")):
        done = fwd.ctl(*words)
        assert done.returncode == 2 and done.stderr.startswith(f"dnsfwdctl: usage: {words[0]}"), done


# -- the manual -----------------------------------------------------------------------


def keys_of(value):
    """Names of all members, those within too; counters are a table of their own (SIGUSR1 logs them, too)."""
    if isinstance(value, list):
        return {key for item in value for key in keys_of(item)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {k for key, item in value.items() if key != "counters" for k in keys_of(item)}


def test_the_manual_names_all_members(server, start):
    page = pathlib.Path(__file__).parents[2].joinpath("packaging/man/dnsfwdctl.8").read_text()
    words = set(re.findall(r"[a-z][a-z_]+", page.split(".Sh JSON")[1].split("\n.Sh")[0]))
    dead = {"name": "corp.test", "forward": ["tcp://127.0.0.1:1"]}
    options = {"control": True, "cache-size": "1M", "query-timeout": "500ms", "zone": [dead]}
    fwd = warm(start(server, options))
    fwd.ask("x.corp.test")
    for command in (["status"], ["stats"], ["upstreams"], ["explain", "warm.test"], ["explain", "x.corp.test"], ["flush", "--all"]):
        missing = keys_of(fwd.ctl_json(*command)) - words
        assert not missing, (command, missing)
