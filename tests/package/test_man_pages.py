"""The manual pages: well formed, and about the programs that there are.  (Options of the configuration: tests/unit/test_manual.c)"""

import re
import subprocess

import pytest
from conftest import TOP, need, run

PAGES = sorted((TOP / "packaging/man").iterdir())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_mandoc_finds_nothing(page):
    """But that pages which are not installed here can't be found."""
    need("mandoc")
    said = subprocess.run(["mandoc", "-T", "lint", str(page)], text=True, stdout=subprocess.PIPE, check=False).stdout
    assert [line for line in said.splitlines() if "referenced manual not found" not in line] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_other_pages_of_ours_exist(page):
    for name, section in re.findall(r"^\.Xr (dnsfwd\S*) (\d)", page.read_text(), re.M):
        assert (TOP / f"packaging/man/{name}.{section}").exists()


def long_options(text):
    return set(re.findall(r"--([a-z][a-z-]+)", text)) | {"help"}


@pytest.mark.parametrize("program", ["sbin/dnsfwd", "bin/dnsfwdctl"])
def test_page_has_the_options_of_the_program(root, program):
    page = (TOP / f"packaging/man/{program.split('/')[1]}.8").read_text()
    in_page = re.findall(r"^\.It Fl (?:\S , )?-([a-z][a-z-]+)", page.split("\n.It Cm")[0], re.M)
    assert len(in_page) == len(set(in_page))
    assert set(in_page) == long_options(run(root / "usr" / program, "--help"))


def commands(root):
    """Of dnsfwdctl, by its own word."""
    said = run(root / "usr/bin/dnsfwdctl", "--help").split("\ncommands:\n")[1].split("\n\n")[0]
    return {line.split()[0] for line in said.splitlines() if re.match(r"  \S", line)}


def test_page_has_the_commands_of_dnsfwdctl(root):
    page = (TOP / "packaging/man/dnsfwdctl.8").read_text()
    in_page = re.findall(r"^\.It Cm .*", page, re.M)
    assert {line.split()[2] for line in in_page} == commands(root) and len(in_page) == len(set(in_page))


def test_page_has_the_options_of_each_command(root):
    """With its arguments: --zone of flush, and so on."""
    page = (TOP / "packaging/man/dnsfwdctl.8").read_text()
    for command in commands(root):
        of_command = set(re.findall(r"--([a-z][a-z-]+)", run(root / "usr/bin/dnsfwdctl", command, "--help")))
        in_page = set(re.findall(r"Fl (?:\S , )?-([a-z][a-z-]+)", "".join(re.findall(
            rf"^\.It Cm {command}\b.*?(?=^\.It Cm (?!{command}\b)|^\.Sh)", page, re.M | re.S))))
        assert of_command - {"help", "json", "socket"} <= in_page, command
