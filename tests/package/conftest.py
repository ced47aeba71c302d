"""What is installed and packaged: run by "make check-package", which sets DNSFWD to the program that was built."""

import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["DNSFWD"]).parent


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes longer than a check before a commit may")


def run(*command, **options):
    """Its output; fails with all that it said."""
    result = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, timeout=options.pop("timeout", 900), **options)
    assert result.returncode == 0, f"{command}: exit {result.returncode}\n{result.stdout}"
    return result.stdout


def make(*arguments, cwd=TOP):
    """make, with the programs that were built and none of the variables of a make around us."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX")}
    return run("make", "-s", f"BUILD={BUILD}", *arguments, cwd=cwd, env=env)


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed (packaging/install-deps.sh package)")


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())


@pytest.fixture(scope="session")
def version():
    lines = (TOP / "Makefile").read_text().splitlines()
    return next(line.split()[-1] for line in lines if line.startswith("VERSION "))


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A folder with all that "make install" puts below PREFIX=/usr."""
    folder = tmp_path_factory.mktemp("root")
    make("install", f"DESTDIR={folder}", "PREFIX=/usr")
    return folder
