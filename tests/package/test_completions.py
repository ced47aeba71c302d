"""The completions, loaded by the shells that they are for."""

import os
import re

import pytest
from conftest import TOP, need, run

BASH = "/usr/share/bash-completion/bash_completion"
PRESETS = {"quad9", "quad9/unfiltered", "cloudflare"}


def environment(root, tmp_path):
    """The programs as they are installed, and no file of the user's."""
    path = f"{root}/usr/sbin:{root}/usr/bin:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def bash(root, tmp_path, words):
    """What bash -i offers for the last of the words."""
    need("bash")
    if not os.path.exists(BASH):
        pytest.skip("bash-completion is not installed (packaging/install-deps.sh package)")
    program = words[0]
    quoted = " ".join(f"'{w}'" for w in words)
    script = f"""
source {BASH}
source {root}/usr/share/bash-completion/completions/{program}
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
COMP_LINE='{" ".join(words)}'; COMP_POINT=${{#COMP_LINE}}
complete -p {program} >/dev/null || exit 3
_{program} {program} '{words[-1]}' '{words[-2]}'
printf '<%s>\\n' "${{COMPREPLY[@]}}"
"""
    said = run("bash", "--norc", "--noprofile", "-i", "-c", script, env=environment(root, tmp_path), cwd=tmp_path)
    return set(re.findall(r"^<(.*)>$", said, re.M))


def zsh(root, tmp_path, line):
    """What zsh, with nothing but compinit, lists for the line when Tab is pressed."""
    need("zsh")
    script = f"""
zmodload zsh/zpty
zpty z "zsh -f -i"
zpty -w z 'PS1=; PROMPT=; RPROMPT=; stty -echo; unsetopt zle_bracketed_paste beep; LISTMAX=100000; COLUMNS=300; LINES=500'
zpty -w z 'fpath=({root}/usr/share/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D'
zpty -w z 'zstyle ":completion:*" verbose no; bindkey "^I" list-choices; print READY'
zpty -r z got '*READY*READY*'
zpty -w -n z $'{line}\\t'
sleep 0.1
zpty -w -n z $'\\C-a#\\nprint DO''NE\\n'
zpty -r z got '*DONE*'
print -r -- $got
zpty -d z
"""
    return run("zsh", "-f", "-c", script, env=environment(root, tmp_path), cwd=tmp_path)


def fish(root, tmp_path, line):
    need("fish")
    program = line.split()[0]
    said = run("fish", "--no-config", "-c",
               f"source {root}/usr/share/fish/vendor_completions.d/{program}.fish; complete -C '{line}'",
               env=environment(root, tmp_path), cwd=tmp_path)
    return {text.split("\t")[0] for text in said.splitlines()}


def long_options(root, program):
    """Those that it names, and the one that made it do so."""
    return set(re.findall(r"--[a-z][a-z-]+", run(root / "usr" / program, "--help"))) | {"--help"}


def test_bash_dnsfwd(root, tmp_path):
    assert {o for o in bash(root, tmp_path, ["dnsfwd", "-"]) if o.startswith("--")} == long_options(root, "sbin/dnsfwd")
    assert PRESETS <= bash(root, tmp_path, ["dnsfwd", ""])
    assert bash(root, tmp_path, ["dnsfwd", "quad9/unf"]) == {"quad9/unfiltered", "quad9/unfiltered-ecs"}
    (tmp_path / "some.conf").touch()
    assert bash(root, tmp_path, ["dnsfwd", "-c", "so"]) == {"some.conf"}


def test_zsh_dnsfwd(root, tmp_path):
    listed = zsh(root, tmp_path, "dnsfwd --")
    assert long_options(root, "sbin/dnsfwd") <= set(re.findall(r"--[a-z][a-z-]+", listed))
    listed = zsh(root, tmp_path, "dnsfwd ")
    assert PRESETS <= set(listed.split())


def test_fish_dnsfwd(root, tmp_path):
    assert long_options(root, "sbin/dnsfwd") == fish(root, tmp_path, "dnsfwd --")
    assert PRESETS <= fish(root, tmp_path, "dnsfwd ")
    assert fish(root, tmp_path, "dnsfwd quad9/unf") == {"quad9/unfiltered", "quad9/unfiltered-ecs"}


def commands(root):
    said = run(root / "usr/bin/dnsfwdctl", "--help").split("\ncommands:\n")[1].split("\n\n")[0]
    return {line.split()[0] for line in said.splitlines() if re.match(r"  \S", line)}


COMMON = {"--socket", "--json", "--version", "--help"}


@pytest.mark.parametrize("file", ["zsh/_dnsfwd", "zsh/_dnsfwdctl", "fish/dnsfwd.fish", "fish/dnsfwdctl.fish"])
def test_no_option_stands_twice(file):
    options = re.findall(r"^(?:complete .*-l |\s+'--)([a-z][a-z-]+)", (TOP / "packaging/completions" / file).read_text(), re.M)
    assert options and len(options) == len(set(options))


def test_bash_dnsfwdctl(root, tmp_path):
    assert bash(root, tmp_path, ["dnsfwdctl", ""]) == commands(root)
    assert COMMON <= bash(root, tmp_path, ["dnsfwdctl", "-"])
    assert bash(root, tmp_path, ["dnsfwdctl", "--json", "-s", "x", "log-level", ""]) == {
        "error", "warning", "info", "debug"}
    assert {"--zone", "--all"} <= bash(root, tmp_path, ["dnsfwdctl", "flush", "--"])


def test_zsh_dnsfwdctl(root, tmp_path):
    assert commands(root) <= set(re.split(r"[\s:]+", zsh(root, tmp_path, "dnsfwdctl ")))
    assert COMMON <= set(re.findall(r"--[a-z][a-z-]+", zsh(root, tmp_path, "dnsfwdctl --")))
    assert {"error", "warning", "info", "debug"} <= set(zsh(root, tmp_path, "dnsfwdctl --json log-level ").split())
    assert {"--zone", "--all"} <= set(zsh(root, tmp_path, "dnsfwdctl flush --").split())


def test_fish_dnsfwdctl(root, tmp_path):
    assert fish(root, tmp_path, "dnsfwdctl ") == commands(root)
    assert COMMON <= fish(root, tmp_path, "dnsfwdctl --")
    assert fish(root, tmp_path, "dnsfwdctl --json -s x log-level ") == {"error", "warning", "info", "debug"}
    assert {"--zone", "--all"} <= fish(root, tmp_path, "dnsfwdctl flush --")
