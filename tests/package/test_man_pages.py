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


@pytest.mark.parametrize("program", ["sbin/dnsfwd"])
def test_page_has_the_options_of_the_program(root, program):
    page = (TOP / f"packaging/man/{program.split('/')[1]}.8").read_text()
    in_page = set(re.findall(r"(?:Fl|,) -([a-z][a-z-]+)", page))
    assert in_page == long_options(run(root / "usr" / program, "--help"))
