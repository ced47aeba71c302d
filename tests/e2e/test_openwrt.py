"""OpenWrt's init script: UCI to dnsfwd.conf, reload, and dnsmasq's hand-over and exact hand-back."""

import os
import re
import subprocess

import pytest
from daemon import HERE, run
from openwrt_router import BUSYBOX, FILES, MOCKS, Router

pytestmark = pytest.mark.skipif(not BUSYBOX, reason="busybox is not installed")

BASE = """config dnsfwd 'main'
	option enabled '1'
	option dnsmasq '1'
	option port '5453'
	list listen '127.0.0.1'
	list forward '9.9.9.9#dns.quad9.net'
"""


@pytest.fixture
def router(tmp_path):
    return Router(tmp_path, BASE)


def effective(router):
    """The configuration as dnsfwd reads it."""
    done = run("-T", "-c", router.conf)
    assert done.returncode == 0, done.stderr
    return re.sub(r" += ", " = ", done.stdout)


def option_table():
    """(table, name, kind, reload) of each option of the program."""
    text = (HERE.parents[1] / "common/config/option.c").read_text()
    for table, rows in re.findall(r"const struct option (\w+)_options\[\] = \{(.*?)\n\};", text, re.S):
        for row in re.findall(r'\{ "([^"]+)",\s*(OPTION_\w+),(.*?)\},\n', rows, re.S):
            yield table, row[0], row[1], re.search(r"RELOAD_(\w+)", row[2]).group(1)


def script_tables():
    text = (FILES / "dnsfwd.init").read_text()
    return {
        name: dict(reversed(word.split(":")) for word in words.split())
        for name, words in re.findall(r'^(MAIN|UPSTREAM|ZONE)="([^"]*)"', text, re.M)
    }, re.search(r'^NEEDS_RESTART="([^"]*)"', text, re.M).group(1).split()


# Groups of their own in UCI, and what a router's init script decides itself.
ELSEWHERE = {"upstream", "zone"}
LISTS = {"LISTEN", "PREFIXES", "FORWARD", "SERVERS", "FILES", "SPECIALS", "NAMES", "PRIVATE", "ADDRESS", "PINS"}
KINDS = {"NUMBER": "n", "BOOL": "b", "WORKERS": "v", "DURATION": "v", "SIZE": "v", "RECORDS": "r"}


def test_every_option_is_in_the_table():
    tables, needs_restart = script_tables()
    wanted, restart = {"MAIN": {}, "UPSTREAM": {}, "ZONE": {}}, set()
    for table, name, kind, reload in option_table():
        if name in ELSEWHERE:
            continue
        kind = kind.removeprefix("OPTION_")
        letter = KINDS.get(kind, "l" if kind in LISTS else "s")
        wanted["MAIN" if table == "config" else table.upper()][name.replace("-", "_")] = letter
        if table == "config" and reload == "RESTART":
            restart.add(name.replace("-", "_"))
    assert len(wanted["MAIN"]) > 40
    assert tables == wanted
    assert set(needs_restart) == restart


def test_start(router):
    code, told = router.do("start")
    assert code == 0
    assert f"param command {os.environ.get('DNSFWD') or HERE.parents[1] / 'build/dnsfwd'} -c {router.conf}" in told
    assert "param user dnsfwd" in told and "param respawn 3600 5 0" in told and "jail dnsfwd log" in told
    assert not router.log_of(told)
    text = effective(router)
    assert "port = 5453" in text and "dns.quad9.net" in text


def test_shipped_configuration(tmp_path):
    router = Router(tmp_path, (FILES / "dnsfwd.config").read_text())
    code, told = router.do("start")
    assert (code, router.log_of(told)) == (0, [])
    assert "quad9" in effective(router)


def test_groups_and_kinds(router):
    router.write(
        BASE
        + """	option forward 'home 1.1.1.1#cloudflare-dns.com'
	option workers 'auto'
	option cache_size '2M'
	option query_timeout '3'
	option prefetch '0'
	list record 'nas.lan A 192.168.1.5'
	list record 'x.lan TXT "a b"'
	option hosts '/etc/hosts /tmp/hosts'

config upstream
	option name 'home'
	list address '192.0.2.1'
	list address '2001:db8::1'
	option auth_name 'dns.example.net'
	option cookies 'off'

config zone
	option name 'corp.example'
	list forward 'udp://192.168.1.1'
	option interface 'wg0'

config zone
	option name 'lab.example'
	option forward 'tcp://192.168.1.2'
""".replace("\tlist forward '9.9.9.9#dns.quad9.net'\n", "")
    )
    code, told = router.do("start")
    assert (code, router.log_of(told)) == (0, [])
    written = router.conf.read_text()
    assert 'forward = [ "9.9.9.9#dns.quad9.net" ]' in written  # a list goes before an option of the same name
    assert 'hosts = [ "/etc/hosts", "/tmp/hosts" ]' in written and "query-timeout = 3\n" in written
    assert r'record = [ "nas.lan A 192.168.1.5", "x.lan TXT \"a b\"" ]' in written
    text = effective(router)
    assert "corp.example" in text and "lab.example" in text and "wg0" in text


@pytest.mark.parametrize("value", ['a"; listen = [ "0.0.0.0" ]; x = "', "back\\slash", "$(reboot)", "`reboot`", "a'b"])
def test_values_are_only_values(tmp_path, value):
    """Nothing that stands in UCI becomes a setting, or a command."""
    quoted = value.replace("'", "'\\''")
    router = Router(tmp_path, BASE + f"\toption lease_file '{quoted}'\n")
    assert router.do("start")[0] == 0
    text = effective(router)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert f'lease-file = "{escaped}"' in text and "0.0.0.0@" not in text
    assert 'listen = [ "127.0.0.1' in text


@pytest.mark.parametrize(
    "line, words",
    [
        ("option lissten '1'", "main: there is no option 'lissten'"),
        ("option max_queries 'many'", "main: max_queries is 'many', not a number"),
        ("option prefetch 'maybe'", "main: prefetch is 'maybe', not 0 or 1"),
        ("option policy 'best'", "policy"),
        ("option cache_size '3Q'", "cache-size"),
    ],
)
def test_mistakes(router, line, words):
    """Said in the log with what is wrong; what ran before runs on."""
    assert router.do("start")[0] == 0
    before = router.conf.read_text()
    router.write(BASE + f"\t{line}\n")
    code, told = router.do("reload")
    assert code != 0 and router.conf.read_text() == before
    log = router.log_of(told)
    assert any(words in entry for entry in log) and "mend it" in log[-1]
    assert not [t for t in told if t.startswith(("signal", "param", "open_instance"))]


def test_not_enabled(tmp_path):
    router = Router(tmp_path, BASE.replace("enabled '1'", "enabled '0'"))
    before = router.dhcp()
    code, told = router.do("start")
    assert code == 0 and "open_instance" not in told and router.dhcp() == before
    assert "not enabled" in router.log_of(told)[0]


def test_own_file(tmp_path):
    router = Router(tmp_path, BASE + "\toption manual '1'\n")
    router.manual.write_text('listen = [ "127.0.0.1" ] port = 5454 forward = [ "quad9" ]\n')
    code, told = router.do("start")
    assert code == 0 and any(t.endswith(f"-c {router.manual}") for t in told)
    router.manual.write_text("listen = 3\n")
    code, told = router.do("reload")
    assert code != 0 and any(str(router.manual) in entry for entry in router.log_of(told))


def test_reload_is_a_signal_where_that_is_enough(router):
    router.do("start")
    router.write(BASE + "\toption log_level 'debug'\n")
    code, told = router.do("reload")
    assert code == 0 and "signal dnsfwd * HUP" in told and "open_instance" not in told
    router.write(BASE.replace("5453", "5454"))
    code, told = router.do("reload")
    assert code == 0 and "open_instance" in told and "signal dnsfwd * HUP" not in told
    assert router.dhcp()[0]["server"][-1] == "127.0.0.1#5454"


def test_hand_over_and_back(router):
    before = router.dhcp()
    router.do("start")
    during = router.dhcp()[0]
    assert during["server"] == ["/corp.example/10.0.0.1", "127.0.0.1#5453"] and during["noresolv"] == ["1"]
    assert during["domainneeded"] == ["1"]
    router.do("start")  # again: what is saved is not overwritten
    router.do("reload")
    router.do("stop")
    assert router.dhcp() == before
    assert router.restarts.read_text().split() == ["restart", "restart"]


def test_noresolv_of_before_comes_back(tmp_path):
    dhcp = "config dnsmasq\n\toption noresolv '0'\n\nconfig dnsmasq 'guest'\n\tlist server '192.0.2.1'\n"
    router = Router(tmp_path, BASE, dhcp)
    before = router.dhcp()
    router.do("start")
    assert [s["server"] for s in router.dhcp()] == [["127.0.0.1#5453"]] * 2
    router.do("stop")
    assert router.dhcp() == before


def test_changed_meanwhile(router):
    """Somebody who set servers of their own keeps them."""
    router.do("start")
    path = router.folder / "uci/dhcp"
    path.write_text(path.read_text().replace("\tlist server", "\tlist server '192.0.2.9'\n\tlist server", 1))
    code, told = router.do("stop")
    after = router.dhcp()[0]
    assert code == 0 and after["server"] == ["192.0.2.9", "/corp.example/10.0.0.1"]
    assert "dnsfwd_ours" not in after and "noresolv" not in after
    assert "changed meanwhile" in router.log_of(told)[0]


def test_restart_and_shutdown_leave_dnsmasq_alone(router):
    router.do("start")
    during, restarts = router.dhcp(), router.restarts.read_text()
    router.do("restart")
    router.do("shutdown")
    assert router.dhcp() == during and router.restarts.read_text() == restarts


def test_switched_off_in_the_configuration(router):
    before = router.dhcp()
    router.do("start")
    router.write(BASE.replace("dnsmasq '1'", "dnsmasq '0'"))
    router.do("reload")
    assert router.dhcp() == before


def test_disabled_by_a_reload(router):
    before = router.dhcp()
    router.do("start")
    router.write(BASE.replace("enabled '1'", "enabled '0'"))
    assert router.do("reload")[0] == 0
    assert router.dhcp() == before


def test_networks(tmp_path):
    router = Router(tmp_path, BASE + "\tlist listen_network 'lan'\n")
    code, told = router.do("start")
    assert code == 0
    written = router.conf.read_text()
    assert 'listen = [ "127.0.0.1", "192.168.1.1", "192.168.2.1" ]' in written
    assert 'allow = [ "127.0.0.0/8", "::1/128", "192.168.1.0/24", "192.168.2.0/24" ]' in written
    effective(router)
    told = router.do("triggers")[1]
    assert told == ["trigger dnsfwd", "interface_trigger lan"]
    router.write(BASE + "\tlist listen_network 'guest'\n")
    told = router.do("reload")[1]
    assert "network guest has no address yet" in router.log_of(told)[0]


def test_clock_is_set(tmp_path):
    """ntpd's hook: one reload, at the first time only."""
    init = tmp_path / "dnsfwd"
    init.write_text(f'#!/bin/sh\n[ "$1" = enabled ] || echo "$1" >>{tmp_path}/done\n')
    init.chmod(0o755)
    script = tmp_path / "hook"
    text = (FILES / "dnsfwd.hotplug").read_text()
    script.write_text(text.replace("/etc/init.d/dnsfwd", str(init)).replace("/var/run/dnsfwd", f"{tmp_path}/run"))
    (tmp_path / "logger").write_text("#!/bin/sh\n")
    (tmp_path / "logger").chmod(0o755)
    for action in ("unsync", "stratum", "step", "stratum"):
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ACTION": action}
        subprocess.run([BUSYBOX, "ash", script], env=env, check=True, timeout=20)
    assert (tmp_path / "done").read_text().split() == ["reload"]


@pytest.mark.parametrize("script", [FILES / "dnsfwd.init", FILES / "dnsfwd.hotplug", MOCKS / "rc.common"])
def test_shells_read_it(script):
    for shell in ([BUSYBOX, "ash", "-n"], ["dash", "-n"]):
        subprocess.run([*shell, script], check=True, timeout=20)
