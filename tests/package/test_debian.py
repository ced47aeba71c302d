"""The Debian packages: made from a clean tree, judged by lintian, tried in a machine of their own."""

import os
import re
import subprocess

import pytest
from conftest import BUILD, TOP, make, need, run

ALLOWED = {"no-homepage-field"}  # there is none


@pytest.fixture(scope="module")
def packages():
    """Without the unit tests: those have been run."""
    need("dpkg-buildpackage", "dh", "dh_apparmor")
    os.environ["DEB_BUILD_OPTIONS"] = f"nocheck parallel={os.cpu_count()}"
    make("deb")
    return BUILD / "deb"


def the(packages, pattern):
    found = list(packages.glob(pattern))
    assert len(found) == 1
    return found[0]


def test_lintian_finds_nothing(packages):
    need("lintian")
    said = subprocess.run(["lintian", "-EviI", "--pedantic", "--tag-display-limit", "0", "--allow-root",
                           str(the(packages, "*.changes"))], text=True, capture_output=True, check=False).stdout
    found = re.findall(r"^[EWIP]: .*", said, re.M)
    assert [line for line in found if not any(tag in line for tag in ALLOWED)] == []


def test_program_is_hardened(packages, tmp_path):
    need("readelf")
    run("dpkg-deb", "-x", the(packages, "dnsfwd_*.deb"), tmp_path)
    for program in [*(tmp_path / "usr/sbin").iterdir(), *(tmp_path / "usr/bin").glob("*")]:
        headers, dynamic = run("readelf", "-Wlh", program), run("readelf", "-Wd", program)
        assert "Type:                              DYN" in headers and "GNU_RELRO" in headers
        assert re.search(r"GNU_STACK .* RW ", headers) and "NOW" in dynamic
        symbols = run("readelf", "-W", "--dyn-syms", program)
        assert "__stack_chk_fail" in symbols and "_chk@" in symbols


def test_build_flags_are_debian_s(packages):
    """Each compilation has them: hardening=+all, and paths that do not tell where it was built."""
    log = (packages / "build.log").read_text()
    compiled = [line for line in log.splitlines() if re.search(r"^\S*cc .* -c .*\.c\b", line)]
    assert len(compiled) > 100
    for flag in ("-fstack-protector-strong", "-Wdate-time", "-D_FORTIFY_SOURCE=2", "-ffile-prefix-map=", "-fPIE"):
        assert [line for line in compiled if flag not in line] == []


def test_what_the_build_needs_is_said():
    """The libraries of install-deps.sh, which are those that the checks build with."""
    script = (TOP / "packaging/install-deps.sh").read_text()
    wanted = re.search(r'^build="(.*?)"', script, re.M | re.S)[1].split()
    said = (TOP / "packaging/debian/control").read_text()
    for package in wanted:
        if package.startswith("lib") and package != "libc6-dev":
            assert f" {package},\n" in said


def test_profile_is_understood():
    need("apparmor_parser")
    run("apparmor_parser", "-Q", "-K", "-T", TOP / "packaging/apparmor/usr.sbin.dnsfwd")


def test_scripts_are_sound():
    need("shellcheck")
    packaging = TOP / "packaging"
    run("shellcheck", "-e", "SC1091,SC2044,SC2086", *packaging.glob("*.sh"), *packaging.glob("debian/dnsfwd.p*"),
        packaging / "debian/dnsfwd.init", packaging / "debian/tests/loopback", packaging / "debian/tests/service")


def test_completion_of_bash_is_sound():
    need("shellcheck")
    run("shellcheck", "-s", "bash", "-e", "SC2207,SC2154,SC2034", *(TOP / "packaging/completions/bash").iterdir())


@pytest.mark.long
def test_in_a_machine_of_its_own(packages):
    run("make", "-s", f"BUILD={BUILD}", "server", cwd=TOP, timeout=600)
    result = subprocess.run([TOP / "packaging/test-nspawn.sh", BUILD], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1200, check=False)
    print(result.stdout)
    if result.returncode == 77:
        pytest.skip(result.stdout.splitlines()[-1])
    assert result.returncode == 0, result.stdout
