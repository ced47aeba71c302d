"""The scripts of packaging/vpn: what they make dnsfwdctl do, with one in its place that only writes it down."""

import os
import pathlib
import re
import subprocess

import pytest
from conftest import TOP, need, run

VPN = TOP / "packaging/vpn"


class Stage:
    def __init__(self, folder):
        self.folder, self.calls = folder, folder / "calls"
        (folder / "bin").mkdir()
        self.fake(0)

    def fake(self, status):
        tool = self.folder / "bin/dnsfwdctl"
        tool.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> "{self.calls}"\necho >> "{self.calls}"\nexit {status}\n')
        tool.chmod(0o755)

    def call(self, script, *arguments, **env):
        """The calls of dnsfwdctl, a list of words each."""
        self.calls.unlink(missing_ok=True)
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        self.done = subprocess.run([VPN / script, *arguments], env={"PATH": path, "SYSFS": str(self.folder / "sys"), **env},
                                   capture_output=True, text=True, timeout=60)
        assert self.done.returncode == 0, self.done
        return [line.split("|")[:-1] for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def device(self, name, kind):
        folder = self.folder / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "uevent").write_text(f"DEVTYPE={kind}\nINTERFACE={name}\n")


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def test_networkmanager_vpn(stage):
    calls = stage.call("networkmanager", "tun0", "vpn-up", VPN_IP_IFACE="tun0", VPN_IP4_NAMESERVERS="10.1.0.1 10.1.0.2",
                       VPN_IP6_NAMESERVERS="fd00::1", VPN_IP4_DOMAINS="corp.example ~lab.example", VPN_IP6_DOMAINS="",
                       IP4_NAMESERVERS="192.168.1.1", IP4_DOMAINS="lan")
    servers = ["udp://10.1.0.1", "udp://10.1.0.2", "udp://[fd00::1]"]
    assert calls == [["zone", "add", zone, *servers, "--interface", "tun0"] for zone in ("corp.example", "lab.example")]


def test_networkmanager_wireguard(stage):
    """It is a device like others, which are left alone."""
    env = {"IP4_NAMESERVERS": "10.1.0.1", "IP4_DOMAINS": "corp.example"}
    stage.device("wg0", "wireguard")
    stage.device("wlan0", "wlan")
    assert stage.call("networkmanager", "wg0", "up", **env) == [
        ["zone", "add", "corp.example", "udp://10.1.0.1", "--interface", "wg0"]
    ]
    for interface in ("wlan0", "eth0"):
        assert stage.call("networkmanager", interface, "up", **env) == []


@pytest.mark.parametrize("action", ["vpn-down", "down", "dhcp4-change", "hostname", "connectivity-change", "pre-up"])
def test_networkmanager_other_actions(stage, action):
    assert stage.call("networkmanager", "tun0", action, VPN_IP4_NAMESERVERS="10.1.0.1", VPN_IP4_DOMAINS="corp.example") == []


@pytest.mark.parametrize("env", [
    {},
    {"VPN_IP4_NAMESERVERS": "10.1.0.1"},
    {"VPN_IP4_DOMAINS": "corp.example"},
    {"VPN_IP4_NAMESERVERS": "10.1.0.1", "VPN_IP4_DOMAINS": "~. ."},
])
def test_networkmanager_nothing_to_add(stage, env):
    assert stage.call("networkmanager", "tun0", "vpn-up", **env) == []


def test_openvpn(stage):
    calls = stage.call("openvpn", "tun1", script_type="up", dev="tun1", foreign_option_1="dhcp-option DNS 10.1.0.1",
                       foreign_option_2="dhcp-option DNS6 fd00::1", foreign_option_3="dhcp-option DOMAIN corp.example",
                       foreign_option_4="dhcp-option DOMAIN-ROUTE .", foreign_option_5="dhcp-option DOMAIN-SEARCH lab.example",
                       foreign_option_6="dhcp-option NTP 10.1.0.9")
    servers = ["udp://10.1.0.1", "udp://[fd00::1]"]
    assert calls == [["zone", "add", zone, *servers, "--interface", "tun1"] for zone in ("corp.example", "lab.example")]


@pytest.mark.parametrize("env", [
    {"script_type": "down", "dev": "tun1", "foreign_option_1": "dhcp-option DNS 10.1.0.1",
     "foreign_option_2": "dhcp-option DOMAIN corp.example"},
    {"script_type": "up", "dev": "tun1", "foreign_option_1": "dhcp-option DOMAIN corp.example"},
    {"script_type": "up", "dev": "tun1"},
    {},
])
def test_openvpn_nothing_to_add(stage, env):
    assert stage.call("openvpn", **env) == []


def test_text_is_no_command(stage, tmp_path):
    """What a server pushes is a word, whatever stands in it."""
    bait = tmp_path / "bait"
    evil = f"$(touch${{IFS}}{bait})`touch {bait}`;touch {bait}"
    stage.call("openvpn", script_type="up", dev="tun1", foreign_option_1="dhcp-option DNS 10.1.0.1",
               foreign_option_2=f"dhcp-option DOMAIN {evil}")
    stage.call("networkmanager", "tun0", "vpn-up", VPN_IP4_NAMESERVERS=f"10.1.0.1 {evil}", VPN_IP4_DOMAINS=f"corp.example {evil}")
    assert not bait.exists()


def test_refused_or_not_running(stage):
    """A VPN comes up whatever dnsfwd says; the reason is in the log of whoever runs the script."""
    stage.fake(3)
    assert len(stage.call("openvpn", script_type="up", dev="tun1", foreign_option_1="dhcp-option DNS 10.1.0.1",
                          foreign_option_2="dhcp-option DOMAIN corp.example")) == 1
    assert "corp.example is not added" in stage.done.stderr


def test_examples_say_what_dnsfwdctl_takes():
    for name in ("wg0.conf.example", "dnsfwd-zone@.service"):
        (line,) = re.findall(r"^(?:PostUp|ExecStart) ?= ?(.*)", (VPN / name).read_text(), re.M)
        assert re.fullmatch(r"dnsfwdctl zone add \S+ \S+ --interface %[iI]", line), line


def test_shellcheck():
    need("shellcheck")
    run("shellcheck", VPN / "networkmanager", VPN / "openvpn")


def test_unit():
    need("systemd-analyze")
    text = (VPN / "dnsfwd-zone@.service").read_text()
    assert text.count("[Service]") == 1 and "BindsTo=sys-subsystem-net-devices-%i.device" in text
    assert pathlib.Path(VPN / "networkmanager").stat().st_mode & 0o111
