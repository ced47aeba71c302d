"""A router with OpenWrt's files, as far as the init script sees it: UCI's files, procd's ears, busybox's shell."""

import os
import pathlib
import shutil
import subprocess

from daemon import BINARY
from testserver import TIMEOUT

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE.parents[1] / "packaging/openwrt/files"
MOCKS = HERE / "openwrt"
BUSYBOX = shutil.which("busybox")
DHCP = """config dnsmasq
	option domainneeded '1'
	option localuse '1'
	list server '/corp.example/10.0.0.1'
	list server '198.51.100.1'
	list server '198.51.100.2#5353'

config dhcp 'lan'
	option interface 'lan'
"""


class Router:
    def __init__(self, folder, config, dhcp=DHCP):
        self.folder = folder
        for name in ("uci", "init.d", "var/etc", "run", "state", "etc"):
            (folder / name).mkdir(parents=True)
        self.write(config)
        (folder / "uci/dhcp").write_text(dhcp)
        self.procd, self.restarts = folder / "procd.log", folder / "restarts"
        dnsmasq = folder / "init.d/dnsmasq"
        dnsmasq.write_text(f'#!/bin/sh\necho "$1" >>{self.restarts}\n')
        dnsmasq.chmod(0o755)
        self.conf, self.manual = folder / "var/etc/dnsfwd.conf", folder / "etc/dnsfwd.conf"
        self.script = folder / "dnsfwd.init"
        self.script.write_text(self._moved((FILES / "dnsfwd.init").read_text()))

    def _moved(self, script):
        """The script with the paths at its top in this folder."""
        places = {"PROG": BINARY, "MANUAL_CONF": self.manual, "CONF": self.conf, "RUN_DIR": self.folder / "run"}
        places.update({"STATE_DIR": self.folder / "state", "DNSMASQ": self.folder / "init.d/dnsmasq"})
        lines = script.splitlines()
        for name, path in places.items():
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{name}="))
            lines[at] = f"{name}={path}"
        return "\n".join(lines) + "\n"

    def write(self, config):
        (self.folder / "uci/dnsfwd").write_text(config)

    def dhcp(self):
        """What dnsmasq is told: of each section its options, the order of lists kept."""
        sections = []
        for line in (self.folder / "uci/dhcp").read_text().splitlines():
            words = line.split(None, 2)
            if words and words[0] == "config":
                sections.append({})
            elif words:
                sections[-1].setdefault(words[1], []).append(words[2].strip("'"))
        return sections

    def do(self, action, script=None, **env):
        """The status of the script and what procd and the log were told."""
        self.procd.unlink(missing_ok=True)
        path = f"{MOCKS / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [BUSYBOX, "ash", str(MOCKS / "rc.common"), str(script or self.script), action],
            env={"PATH": path, "UCI_DIR": str(self.folder / "uci"), "PROCD_LOG": str(self.procd)}
            | {"IPKG_INSTROOT": str(MOCKS), **env},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.stderr == "", done.stderr
        told = self.procd.read_text().splitlines() if self.procd.exists() else []
        return done.returncode, told

    def log_of(self, told):
        return [line for line in told if line.startswith("log ")]
