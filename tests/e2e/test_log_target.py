"""Where the log goes: log-file, which can be rotated, and the syslog; neither holds anything up (F27, A56)."""

import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess

import folders
import pytest
import wire
from conftest import warm
from daemon import BINARY, config_text, run
from load import load
from testserver import wait_for

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug) [\x20-\x7e]+")
SYSLOG = re.compile(r"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d dnsfwd\[(\d+)\]: ([\x20-\x7e]+)")

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="privileges are root's to give up")


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def has(path, pattern):
    return wait_for(lambda: [line for line in lines(path) if re.search(pattern, line)], what=f"{pattern} in {path}")


def begin(start, server, options, **kwargs):
    """Its stderr says nothing of its port."""
    fwd = start(server, options, wait=False, **kwargs)
    fwd.addresses = [("127.0.0.1", wait_for(fwd.find_ports, what="a port")[0])]
    return warm(fwd)


def hang_up(fwd, path):
    os.kill(fwd.pid, 1)
    return has(path, r" reloaded: | reload: the configuration is not changed")


# ---------------------------------------------------------------- log-file


def test_a_file_instead_of_stderr(server, start, tmp_path):
    path = tmp_path / "dnsfwd.log"
    path.write_text("what was there\n")
    fwd = begin(start, server, {"log-file": str(path)})
    has(path, " ready: ")
    has(path, " sandbox: ")
    fwd.process.terminate()
    assert fwd.wait_end() == 0 and fwd.log() == []
    assert lines(path)[0] == "what was there" and all(LINE.fullmatch(line) for line in lines(path)[1:])
    assert "stopping on SIGTERM" in path.read_text()


def test_a_new_file_is_not_for_everybody(server, start, tmp_path):
    path = tmp_path / "dnsfwd.log"
    begin(start, server, {"log-file": str(path)}, preexec=lambda: os.umask(0))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.fixture
def place():
    """A folder that everybody can enter and write in."""
    with folders.shared("log", 0o777) as folder:
        yield folder


@pytest.mark.parametrize("user", ["", pytest.param("nobody", marks=ROOT_ONLY)])
def test_rotation_under_load_loses_nothing(server, start, place, user):
    """logrotate's way: the file is moved away, then SIGHUP."""
    folder = place
    path, old = folder / "dnsfwd.log", folder / "dnsfwd.log.1"
    ca = folder / "ca.pem"
    shutil.copy(server.ca, ca)
    ca.chmod(0o644)
    fwd = begin(start, server, {"log-file": str(path), "log-level": "debug", "log-queries": True, "user": user,
                                "tls-cert-bundle": str(ca)})
    os.chmod(fwd.folder, 0o755)  # it reads its configuration again as who it is
    if user:
        assert path.stat().st_uid == 65534
    before = fwd.pid
    for turn in range(3):
        os.rename(path, old)
        os.kill(fwd.pid, 1)
        load(fwd, 300, window=30, name=lambda i: f"r{turn}x{i}.test").check()
        has(path, " reloaded: ")
        moved = len(lines(old))
        fwd.ask(f"after{turn}.test")
        has(path, rf"query after{turn}\.test")
        assert len(lines(old)) == moved
        assert all(LINE.fullmatch(line) for line in lines(old) + lines(path))
    assert fwd.pid == before and fwd.alive()


def test_a_refused_reload_opens_it_again_too(server, start, tmp_path):
    path = tmp_path / "dnsfwd.log"
    fwd = begin(start, server, {"log-file": str(path)})
    os.rename(path, tmp_path / "old")
    with open(fwd.path, "a") as conf:
        conf.write("nonsense = 1\n")
    assert "not changed" in hang_up(fwd, path)[0]


def test_where_it_cannot_be_opened_again_the_old_one_goes_on(server, start, tmp_path):
    path, old = tmp_path / "dnsfwd.log", tmp_path / "old"
    fwd = begin(start, server, {"log-file": str(path)})
    os.rename(path, old)
    path.mkdir()
    hang_up(fwd, old)
    assert has(old, r"warning log-file .*: Is a directory; the log goes on in the file that was opened before")
    fwd.ask("a.test")


def test_a_link_is_not_followed(server, tmp_path):
    victim, link = tmp_path / "victim", tmp_path / "dnsfwd.log"
    victim.write_text("precious\n")
    link.symlink_to(victim)
    conf = tmp_path / "conf"
    conf.write_text(config_text({"log-file": str(link), "listen": ["127.0.0.1"], "port": 0, "forward": [server.upstream()],
                                 "tls-cert-bundle": server.ca, "state-dir": "", "control": ""}))
    done = run("-c", conf)
    assert done.returncode == 3 and f"log-file {link}: this is a symbolic link, which is not followed" in done.stderr
    assert victim.read_text() == "precious\n"


def test_a_link_is_not_followed_later(server, start, tmp_path):
    victim, path, old = tmp_path / "victim", tmp_path / "dnsfwd.log", tmp_path / "old"
    victim.write_text("precious\n")
    fwd = begin(start, server, {"log-file": str(path)})
    os.rename(path, old)
    path.symlink_to(victim)
    hang_up(fwd, old)
    assert has(old, "symbolic link")
    assert victim.read_text() == "precious\n"


def test_a_failing_start_is_told_on_stderr(server, tmp_path):
    path, conf = tmp_path / "dnsfwd.log", tmp_path / "conf"
    options = {"log-file": str(path), "listen": ["127.0.0.1"], "port": 0, "forward": [server.upstream()],
               "tls-cert-bundle": str(tmp_path / "missing.pem"), "state-dir": "", "control": ""}
    conf.write_text(config_text(options))
    done = run("-c", conf)
    assert done.returncode != 0 and "the log says why" in done.stderr and has(path, "error .*missing.pem")
    conf.write_text(config_text({**options, "log-file": str(tmp_path / "no/such")}))
    done = run("-c", conf)
    assert done.returncode == 3 and "no/such: No such file or directory" in done.stderr


def test_a_full_disk_costs_lines_only(server, start):
    fwd = begin(start, server, {"log-file": "/dev/full", "control": True, "log-level": "debug", "log-queries": True})
    load(fwd, 1000, window=50).check()
    assert fwd.ctl_json("stats")["log_dropped"] >= 1000


def test_reload_moves_the_log(server, start, tmp_path):
    """To a file, to another, back to stderr; each tells where it ends."""
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    fwd = warm(start(server, {"sandbox": False}))
    fwd.reload({"log-file": str(one)})
    fwd.wait_log("the log goes on elsewhere")
    has(one, "the log goes here now")
    fwd.write_config({"log-file": str(two)})
    os.kill(fwd.pid, 1)
    has(two, "the log goes here now")
    assert has(one, "the log goes on elsewhere")
    since = len(fwd.log())
    fwd.write_config({"log-file": None})
    os.kill(fwd.pid, 1)
    fwd.wait_log("the log goes here now", since)
    end = len(lines(two))
    fwd.ask("a.test")
    assert len(fwd.stats()) > 0 and len(lines(two)) == end


def test_a_file_that_cannot_be_opened_is_refused_by_reload(server, start, tmp_path):
    fwd = warm(start(server, {"sandbox": False}))
    fwd.write_config({"log-file": str(tmp_path / "no/such")})
    taken, told = fwd.hang_up()
    assert not taken and any("no/such: No such file or directory" in line for line in told)
    fwd.reload({"log-file": None})


# ---------------------------------------------------------------- syslog


@pytest.fixture
def machine_log(tmp_path):
    """A /dev of our own, in which a syslogd can come and go: (command to run dnsfwd with, socket's path)."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        pytest.skip("a mount namespace is needed")
    dev = tmp_path / "dev"
    dev.mkdir()
    for name in ("null", "urandom", "full"):
        (dev / name).touch()
    binds = " && ".join(f"mount --bind /dev/{n} {dev}/{n}" for n in ("null", "urandom", "full"))
    script = f'{binds} && mount --rbind {dev} /dev && exec "$0" "$@"'
    return ["unshare", "-m", "sh", "-c", script, str(BINARY)], dev / "log"


class Syslogd:
    """What a syslogd hears."""

    def __init__(self, path):
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        path.chmod(0o666)
        self.socket.setblocking(False)
        self.lines = []

    def read(self):
        try:
            while True:
                self.lines.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return self.lines

    def wait(self, pattern):
        return wait_for(lambda: [x for x in self.read() if re.search(pattern, x)], what=f"{pattern} in the syslog")


def begin_syslog(start, server, command, options=None):
    options = {"syslog": True, "control": True, **(options or {})}
    return begin(start, server, options, command=list(command))


def test_syslog(server, start, machine_log):
    command, path = machine_log
    log = Syslogd(path)
    fwd = begin_syslog(start, server, command)
    log.wait("ready: ")
    fwd.process.terminate()
    assert fwd.wait_end() == 0 and fwd.log() == []
    found = [SYSLOG.fullmatch(line) for line in log.read()]
    assert all(found) and {int(f[1]) for f in found} <= {8 * 3 + severity for severity in (3, 4, 6)}
    assert {int(f[2]) for f in found} == {fwd.pid}
    assert any(f[3].startswith("sandbox: ") and "system calls filtered" in f[3] for f in found)


def test_syslogd_goes_and_comes_back(server, start, machine_log, tmp_path):
    """Also one that is not there at first, or reads nothing: queries are answered, lines counted."""
    command, path = machine_log
    file = tmp_path / "dnsfwd.log"
    fwd = begin_syslog(start, server, command, {"log-file": str(file), "log-level": "debug", "log-queries": True})
    load(fwd, 200, window=20, name=lambda i: f"none{i}.test").check()
    dropped = fwd.ctl_json("stats")["log_dropped"]
    assert dropped >= 200
    log = Syslogd(path)  # reads nothing: its queue gets full
    load(fwd, 500, window=20, name=lambda i: f"full{i}.test").check()
    assert fwd.ctl_json("stats")["log_dropped"] > dropped
    log.read()
    fwd.ask("back1.test")
    log.wait("query back1")
    log.socket.close()
    fwd.ask("gone.test")
    log = Syslogd(path)
    fwd.ask("back2.test")
    log.wait("query back2")
    assert has(file, "query gone") and has(file, "query back2")


def test_syslog_by_reload(server, start, machine_log):
    command, path = machine_log
    log = Syslogd(path)
    fwd = start(server, {}, command=list(command))
    fwd.reload({"syslog": True})
    fwd.wait_log("the log goes on elsewhere")
    log.wait("reloaded: the log goes here now")
    end = len(fwd.log())
    fwd.write_config({"syslog": False})
    os.kill(fwd.pid, 1)
    fwd.wait_log("reloaded: the log goes here now", end)
    assert wire.rcode_of(fwd.ask_wire(wire.query("a.test"))) == wire.NOERROR
