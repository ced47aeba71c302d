"""make install, make uninstall, make dist."""

import hashlib
import os
import re
import subprocess

import pytest
from conftest import BUILD, TOP, files_below, make, run

CONFIG = "etc/dnsfwd/dnsfwd.conf"


def test_install_and_uninstall(tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    files = files_below(tmp_path)
    for name in ("usr/local/sbin/dnsfwd", "usr/local/bin/dnsfwdctl", "usr/local/share/man/man8/dnsfwd.8", CONFIG,
                 "usr/local/share/man/man5/dnsfwd.conf.5", "usr/local/lib/systemd/system/dnsfwd.service",
                 "usr/local/lib/sysusers.d/dnsfwd.conf", "usr/local/share/doc/dnsfwd/dnsfwd.conf.example",
                 "usr/local/share/bash-completion/completions/dnsfwd"):
        assert name in files
    make("uninstall", f"DESTDIR={tmp_path}")
    assert files_below(tmp_path) == [CONFIG]


def test_folders_can_be_chosen(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/x", "SYSCONFDIR=/opt/x/etc", "SBINDIR=/opt/x/here")
    assert all(name.startswith("opt/x/") for name in files_below(tmp_path))
    unit = (tmp_path / "opt/x/lib/systemd/system/dnsfwd.service").read_text()
    assert "ExecStart=/opt/x/here/dnsfwd\n" in unit and "@" not in unit.replace("@system-service", "").replace(
        "@privileged", "").replace("@resources", "")


def test_no_configuration_is_overwritten(tmp_path):
    config = tmp_path / CONFIG
    config.parent.mkdir(parents=True)
    config.write_text("mine")
    make("install", f"DESTDIR={tmp_path}")
    assert config.read_text() == "mine"


def test_no_link_in_place_of_the_configuration_is_followed(tmp_path):
    config, other = tmp_path / CONFIG, tmp_path / "other"
    config.parent.mkdir(parents=True)
    config.symlink_to(other)
    make("install", f"DESTDIR={tmp_path}")
    assert not other.exists() and config.is_symlink()


def test_modes_are_those_of_files_for_everybody(tmp_path):
    old = os.umask(0o077)
    try:
        make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    finally:
        os.umask(old)
    for path in (tmp_path / "usr").rglob("*"):
        wanted = 0o755 if path.is_dir() or path.parent.name in ("bin", "sbin") else 0o644
        assert path.stat().st_mode & 0o7777 == wanted, path


def test_the_installed_program_knows_its_configuration_and_version(root, version):
    program = root / "usr/sbin/dnsfwd"
    assert run(program, "-V").startswith(f"dnsfwd {version}\n")
    assert "the configuration is good" in run(program, "-t", "-c", root / CONFIG)
    assert "/etc/dnsfwd/dnsfwd.conf" in run(program, "--help")


def test_version_stands_in_one_place(version):
    """And the newest entry of the changelog is of it."""
    changes = (TOP / "packaging/CHANGELOG.md").read_text()
    assert changes.split("\n## ")[1].split("\n")[0] == version


@pytest.mark.parametrize("file, pattern", [
    ("openwrt/Makefile", r"^PKG_VERSION:=(\S+)"), ("arch/PKGBUILD", r"^pkgver=(\S+)"),
    ("alpine/APKBUILD", r"^pkgver=(\S+)"), ("rpm/dnsfwd.spec", r"^Version:\s*(\S+)"),
    ("container/kubernetes.yaml", r"image: dnsfwd:(\S+)")])
def test_recipes_are_for_this_version(version, file, pattern):
    """Each has to say one by itself, because it is taken out of here."""
    assert re.findall(pattern, (TOP / "packaging" / file).read_text(), re.M) == [version]


# ------------------------------------------------------------------ the tarball

def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dist(folder, version, out, **env):
    run("packaging/dist.sh", version, out, cwd=folder, env={**os.environ, **env})
    return sha(out)


def test_tarball_is_the_same_each_time(tmp_path, version):
    """From the clone and from an unpacked tarball, under another umask, locale, time zone and name of the user."""
    one = dist(TOP, version, tmp_path / "one.tar.gz")
    run("tar", "-xzf", "one.tar.gz", cwd=tmp_path)
    tree = tmp_path / f"dnsfwd-{version}"
    (tree / "build").mkdir()
    (tree / "build/not-a-source").touch()
    os.utime(tree / "Makefile")
    old = os.umask(0o077)
    try:
        two = dist(tree, version, tmp_path / "two.tar.gz", LC_ALL="C.UTF-8", TZ="Asia/Tokyo", USER="somebody")
    finally:
        os.umask(old)
    assert one == two == dist(TOP, version, tmp_path / "three.tar.gz")


def test_tarball_has_what_is_needed_and_nothing_else(tmp_path, version):
    dist(TOP, version, tmp_path / "dnsfwd.tar.gz")
    names = run("tar", "-tzf", tmp_path / "dnsfwd.tar.gz").split()
    assert all(name.startswith(f"dnsfwd-{version}/") for name in names)
    inside = {name.split("/", 1)[1] for name in names}
    assert {"Makefile", "README.md", "LICENSE", "SECURITY.md", "packaging/CHANGELOG.md", ".dist"} <= inside
    assert not any(name.startswith(("build/", ".git/")) for name in inside)
    listing = run("tar", "-tvzf", tmp_path / "dnsfwd.tar.gz")
    assert all(line.split()[1] == "0/0" for line in listing.splitlines())


def test_tarball_from_neither_is_refused(tmp_path, version):
    run("cp", "-r", TOP / "packaging", tmp_path)
    result = subprocess.run(["packaging/dist.sh", version, "x.tar.gz"], cwd=tmp_path, text=True, capture_output=True)
    assert result.returncode == 1 and "neither a clone nor" in result.stderr
    assert not (tmp_path / "x.tar.gz").exists()


