"""The units: what systemd says of them, and what they must not wait for."""

import re
import subprocess

import pytest
from conftest import need, run

UNITS = "usr/lib/systemd/system"
SERVICES = {"dnsfwd.service": 1.6, "dnsfwd-activated.service": 1.3}


def test_systemd_understands_all_of_it(root, tmp_path):
    """As installed, but with a program that is there."""
    need("systemd-analyze")
    for unit in (root / UNITS).iterdir():
        (tmp_path / unit.name).write_text(re.sub(r"=/usr/s?bin/dnsfwd(ctl)?\b", "=/bin/true", unit.read_text()))
    run("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())], text=True,
                            capture_output=True, check=True)
    ours = [line for line in result.stderr.splitlines() if "dnsfwd" in line or str(tmp_path) in line]
    assert ours == []


@pytest.mark.parametrize("service, most", SERVICES.items())
def test_exposure(root, service, most):
    need("systemd-analyze")
    said = run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={most * 10:.0f}",
               root / UNITS / service)
    level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)[1])
    assert level <= most


def settings(root, name):
    """The lines of a unit that count, of each section."""
    lines = (root / UNITS / name).read_text().splitlines()
    return [line for line in lines if line and line[0] not in "#;"]


def test_both_services_are_the_same_but_for_the_sockets(root):
    bound, passed = (settings(root, name) for name in SERVICES)
    assert [line for line in bound if line not in passed] == [
        "Description=Encrypted DNS for this machine", "After=network.target",
        "Conflicts=dnsfwd-activated.service dnsfwd.socket", "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "WantedBy=multi-user.target"]
    assert [line for line in passed if line not in bound] == [
        "Description=Encrypted DNS for this machine, on sockets of systemd", "After=network.target dnsfwd.socket",
        "Conflicts=dnsfwd.service", "Requires=dnsfwd.socket", "CapabilityBoundingSet=", "PrivateUsers=yes",
        "Also=dnsfwd.socket"]


def test_nothing_waits_for_the_network_to_be_online(root):
    for unit in (root / UNITS).iterdir():
        assert "network-online.target" not in "".join(settings(root, unit.name))


def test_user_and_folders_are_understood(root, tmp_path):
    """By the tools that make them, in a root of its own."""
    need("systemd-sysusers", "systemd-tmpfiles")
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", root / "usr/lib/sysusers.d/dnsfwd.conf")
    user = (tmp_path / "etc/passwd").read_text().splitlines()[-1].split(":")
    assert user[0] == "dnsfwd" and user[5] == "/var/lib/dnsfwd" and user[6].endswith("/nologin")
    run("systemd-tmpfiles", f"--root={tmp_path}", "--create",
        root / "usr/lib/tmpfiles.d/dnsfwd.conf")
    assert (tmp_path / "var/lib/dnsfwd").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run/dnsfwd").stat().st_mode & 0o777 == 0o755
