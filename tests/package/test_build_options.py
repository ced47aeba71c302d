"""Each build option by itself, at its other value: it compiles without a warning, links, and says so."""

import os
import pathlib
import re
import shutil

import pytest
from conftest import TOP, run

MAKEFILE = (TOP / "Makefile").read_text()
OPTIONS = re.search(r"^p_options\s*:= (.*)$", MAKEFILE, re.M)[1].split()
# Without a portal a trace is of no use, and with one it is.
CASES = [{o: "0"} for o in OPTIONS] + [{"SECCOMP": "0"}, {"YAML": "0"}, {"EXPLAIN": "0", "PORTAL": "0"},
                                       {"SMALL": "1", "DTLS": "1"}]


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """One folder, so that only what an option changes has to be compiled where there is a ccache; not optimized."""
    folder = tmp_path_factory.mktemp("options")
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", *OPTIONS)}
    compiler = os.environ.get("CC") or ("ccache gcc" if shutil.which("ccache") else "gcc")

    def one(options):
        words = [f"{k}={v}" for k, v in options.items()]
        small = "/small" if options.get("SMALL") == "1" else ""
        # SMALL's own flags are part of what is tried.
        flags = [] if small else ["CFLAGS=-O0"]
        program = pathlib.Path(f"{folder}{small}/dnsfwd")
        run("make", "-s", f"-j{os.cpu_count()}", "WERROR=1", f"CC={compiler}", f"BUILD={folder}", *flags, *words,
            program, cwd=TOP, env=env)
        return program

    return one


def check(build, options):
    line = run(build(options), "-V").splitlines()[2]
    for name, value in options.items():
        if name != "SMALL":
            assert f" {name}={value}" in line, line
    if "SMALL" not in options:
        left_out = {word.partition("=")[0] for word in line.split()[2:] if word.endswith("=0")} - {"DNSTAP"}
        assert left_out == set(options)


def test_builds_with_none(build):
    check(build, {o: "0" for o in OPTIONS})


@pytest.mark.long
@pytest.mark.parametrize("options", CASES, ids=lambda o: ",".join(f"{k}={v}" for k, v in o.items()))
def test_builds(build, options):
    check(build, options)
