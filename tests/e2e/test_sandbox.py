"""What a started dnsfwd has given up, seen from outside; and that all it does works without it."""

import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket

import folders
import pytest
import wire
from conftest import addresses, warm
from daemon import BINARY, SANITIZED, config_text, run
from load import load
from testserver import expected_a, wait_for

NOBODY = 65534
BIND = 1 << 10  # CAP_NET_BIND_SERVICE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="privileges are root's to give up")


def status(fwd):
    """Of each thread: field -> text."""
    threads = []
    for task in pathlib.Path(f"/proc/{fwd.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        threads.append({k: v.strip() for k, v in (line.split(":", 1) for line in lines)})
    return threads


def line(fwd):
    return fwd.wait_log(r"info sandbox: (.*)")[1]


@pytest.fixture
def place():
    """A folder that everybody can enter."""
    with folders.shared("place", 0o755) as folder:
        yield folder


def trust(server, place):
    """The option that names it, where nobody can read it, too."""
    bundle = place / "ca.pem"
    shutil.copy(server.ca, bundle)
    bundle.chmod(0o644)
    return {"tls-cert-bundle": str(bundle)}


def as_nobody(start, server, place, options=None, **kwargs):
    """The configuration is read as root."""
    return start(server, {"user": "nobody", **trust(server, place), **(options or {})}, **kwargs)


# -- what is in force -------------------------------------------------------------------


@pytest.mark.parametrize("user", ["", "nobody", "64321"])
def test_every_thread_has_given_it_up(server, start, place, user):
    fwd = as_nobody(start, server, place, {"user": user, "workers": 2})
    uid = {"": 0, "nobody": NOBODY, "64321": 64321}[user]
    threads = status(fwd)
    assert len(threads) == 3
    for thread in threads:
        assert thread["Uid"].split() == [str(uid)] * 4
        assert thread["Gid"].split() == [str(0 if not user else uid)] * 4
        assert int(thread["CapEff"], 16) == int(thread["CapPrm"], 16) == BIND
        assert int(thread["CapBnd"], 16) == int(thread["CapInh"], 16) == int(thread["CapAmb"], 16) == 0
        assert thread["NoNewPrivs"] == "1" and thread["Seccomp"] == "2"
    if user:
        assert thread["Groups"].split() == [str(uid)]
    limits = pathlib.Path(f"/proc/{fwd.pid}/limits").read_text()
    assert "Max core file size        0                    0 " in limits
    told = line(fwd)
    assert f"user {user or '0 (root)'}, CAP_NET_BIND_SERVICE" in told and "no new privileges" in told
    assert "system calls filtered" in told and "not in force" not in told
    assert addresses(fwd.ask("a.test")) == [expected_a("a.test")]


def test_passed_sockets_take_no_capability(server, start, place):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        fwd = as_nobody(start, server, place, {"listen": None}, passed=[s])
        assert {int(t["CapEff"], 16) for t in status(fwd)} == {0}
        assert "no capabilities" in line(fwd)
        assert addresses(fwd.ask("p.test")) == [expected_a("p.test")]


def forbid(*names):
    """As a container does: these calls are not permitted.  For preexec."""

    def load_filter():
        seccomp = ctypes.CDLL("libseccomp.so.2")
        seccomp.seccomp_init.restype = ctypes.c_void_p
        for function in (seccomp.seccomp_rule_add, seccomp.seccomp_load):
            function.argtypes = None
        allow, eperm = 0x7FFF0000, 0x00050001
        context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint(allow)))
        for name in names:
            number = seccomp.seccomp_syscall_resolve_name(name.encode())
            assert seccomp.seccomp_rule_add(context, ctypes.c_uint(eperm), number, 0) == 0
        assert seccomp.seccomp_load(context) == 0

    return load_filter


def test_what_a_container_forbids_is_told_and_gone_without(server, start):
    fwd = start(server, preexec=forbid("seccomp", "landlock_create_ruleset", "capset"))
    told = line(fwd)
    there, missing = told.split("; not in force: ")
    assert "no new privileges" in there and "Landlock" not in there and "CAP_" not in there
    assert "capabilities (Operation not permitted)" in missing and "limit of files (Landlock: " in missing
    assert "filter" in told  # by way of prctl(), or not
    assert addresses(fwd.ask("c.test")) == [expected_a("c.test")]


def test_off(server, start):
    """For whoever debugs: nothing is given up, and the log says so."""
    fwd = start(server, {"sandbox": False})
    (main, *_) = [t for t in status(fwd) if t["Pid"] == str(fwd.pid)]
    assert main["NoNewPrivs"] == "0" and main["Seccomp"] == "0" and int(main["CapEff"], 16) > BIND
    fwd.wait_log(r"warning sandbox = false: ")


def test_user_that_does_not_exist(place):
    conf = place / "dnsfwd.conf"
    conf.write_text('forward = [ "tls://127.0.0.1#a.test" ]\nuser = "no-such-user"\n')
    for args in (["-t"], []):
        done = run(*args, "-c", conf)
        assert done.returncode == 1 and 'user "no-such-user": there is none' in done.stderr


def test_only_root_can_become_somebody(place):
    conf = place / "dnsfwd.conf"
    conf.write_text('forward = [ "tls://127.0.0.1#a.test" ]\nlisten = [ "127.0.0.1" ]\nport = 0\nuser = "root"\n'
                    'state-dir = ""\ncontrol = ""\n')
    conf.chmod(0o644)
    binary = place / "dnsfwd"
    shutil.copy(BINARY, binary)
    done = run("-c", conf, binary=binary, user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 5 and "cannot become user root" in done.stderr and "start dnsfwd as root" in done.stderr


def test_started_by_somebody_else(server, start, place):
    """Without any privilege the rest is given up all the same."""
    binary = place / "dnsfwd"
    shutil.copy(BINARY, binary)
    conf = place / "dnsfwd.conf"
    options = {"listen": ["127.0.0.1"], "port": 0, "forward": [server.upstream()], "hosts": [], "special-names": False,
               "state-dir": "", "control": "", **trust(server, place)}
    conf.write_text(config_text(options))
    conf.chmod(0o644)
    words = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", str(binary), "-c", str(conf)]
    fwd = start(config=False, command=words)
    for thread in status(fwd):
        assert thread["NoNewPrivs"] == "1" and thread["Seccomp"] == "2" and int(thread["CapEff"], 16) == 0
    assert addresses(fwd.ask("n.test")) == [expected_a("n.test")]


# -- that all works -----------------------------------------------------------------------


def test_state_is_kept_by_the_user(start_server, start, place):
    """The folder is made for them; what root has left there is theirs."""
    boot = start_server(udp=["127.0.0.1:0"])
    state = place / "var" / "state"
    for owner in ("", "nobody"):
        fwd = as_nobody(start, boot, place, {"user": owner, "state-dir": str(state),
                        "bootstrap": [f"{boot.udp[0].host}:{boot.udp[0].port}"],
                        "upstream": [{"name": "up", "auth-name": "a-127-0-0-1.upstream.test", "port": boot.tls[0].port,
                                      "profile": "opportunistic"}], "forward": ["up"]})
        wait_for(lambda: addresses(fwd.ask("s.test")) == [expected_a("s.test")], what="an answer")
        wait_for(lambda: (state / "addresses").exists(), what="addresses that are kept")
        fwd.stop()
        assert "cannot be" not in fwd.log_text()
        assert pwd.getpwuid(state.stat().st_uid).pw_name == (owner or "root")
        assert (state / "addresses").stat().st_uid == state.stat().st_uid


def test_files_are_read_again(server, start, place):
    """Also those that were replaced: they are other files than at the start."""
    hosts, block = place / "hosts", place / "block"
    hosts.write_text("192.0.2.1 one.lan\n")
    block.write_text("ads.test\n")
    fwd = as_nobody(start, server, place, {"hosts": [str(hosts)], "block": [str(block)]})
    assert addresses(fwd.ask("one.lan")) == ["192.0.2.1"]
    fresh = place / "fresh"
    fresh.write_text("192.0.2.2 one.lan\n")
    fresh.rename(hosts)
    wait_for(lambda: addresses(fwd.ask("one.lan")) == ["192.0.2.2"], what="the new address")
    fresh.write_text("more.test\n")
    fresh.rename(block)
    wait_for(lambda: fwd.ask("more.test").rcode() == wire.NXDOMAIN, what="the new block list")
    assert addresses(fwd.ask("ads.test")) == [expected_a("ads.test")]


def test_cache_is_kept_by_the_user(server, start, place):
    folder = place / "cache"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    options = {"cache-size": "1M", "cache-snapshot": str(folder / "snapshot")}
    fwd = as_nobody(start, server, place, options)
    assert addresses(fwd.ask("kept.test")) == [expected_a("kept.test")]
    fwd.stop()
    assert (folder / "snapshot").stat().st_uid == NOBODY
    fwd = as_nobody(start, server, place, options)
    sent = server.count("kept.test")
    assert addresses(fwd.ask("kept.test")) == [expected_a("kept.test")] and server.count("kept.test") == sent


def test_trust_is_loaded_again(server, start, place):
    """It is freed when nobody needs it, and read anew for the next full handshake."""
    fwd = warm(as_nobody(start, server, place))
    server.closeall("rst")
    wait_for(lambda: addresses(fwd.ask("again.test")) == [expected_a("again.test")], what="an answer")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
def test_signals(server, start, place, number):
    fwd = warm(as_nobody(start, server, place, {"cache-size": "1M", "workers": 2}))
    load(fwd, 500, window=20, each_turn=lambda: os.kill(fwd.pid, number)).check()
    load(fwd, 200, window=20, transport="tcp").check()


def test_datagrams(dtls, place):
    """DTLS, and TLS beside it."""
    case = dtls()
    case.start({"user": "nobody", **trust(case.server, place)})
    load(case.fwd, 300, window=20).check()
    case.another_handshake()
    assert case.by_transport()[0] > 0


def test_control_of_the_user(server, start, place):
    fwd = as_nobody(start, server, place, {"control": True})
    assert fwd.ctl_json("status")
    assert {int(t["CapEff"], 16) for t in status(fwd)} == {BIND}


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's build may")
def test_nobody_looks_into_it(server, start, place):
    """Its memory holds keys: another process of the same user can't read it."""
    fwd = as_nobody(start, server, place)
    done = run("-c", f"head -c 1 /proc/{fwd.pid}/environ", binary="/bin/sh", user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode != 0 and "Permission denied" in done.stderr
