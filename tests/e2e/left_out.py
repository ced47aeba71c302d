"""What SMALL leaves out is refused in plain words.  Not for the whole program: tests/package/test_small.py runs it."""

import pytest
from conftest import addresses, warm
from daemon import config_text, run
from testserver import expected_a

DTLS = "built without DTLS (make DTLS=1); use tls://"
OPTIONS = [
    ({"forward": ["dtls://127.0.0.1:1#x.test"]}, DTLS),
    ({"upstream": [{"name": "home", "address": "127.0.0.1", "transport": "auto", "auth-name": "x.test"}],
      "forward": ["home"], "insecure-dtls-library": True}, DTLS),
    ({"log-file": "/tmp/x.log"}, "built without LOGFILES (make LOGFILES=1); take them out"),
    ({"syslog": True}, "built without LOGFILES (make LOGFILES=1); take them out"),
    ({"cache-snapshot": "/tmp/x.snapshot"}, "built without SNAPSHOT (make SNAPSHOT=1); take the option out"),
    ({"metrics": "127.0.0.1:0"}, "built without HTTP (make HTTP=1); take the option out"),
    ({"dnstap": "/tmp/x.sock"}, "built without DNSTAP (make DNSTAP=1); take the option out"),
]


@pytest.mark.parametrize("options, why", OPTIONS)
def test_options_at_the_check(options, why, certs, tmp_path):
    conf = tmp_path / "dnsfwd.conf"
    base = {"forward": ["tls://127.0.0.1:1#x.test"], "tls-cert-bundle": str(certs / "ca.pem"), "state-dir": ""}
    conf.write_text(config_text(base))
    assert run("-t", "-c", conf).returncode == 0
    conf.write_text(config_text({**base, **options}))
    done = run("-t", "-c", conf)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert why in done.stderr
    assert ("upstream " if why == DTLS else f'"{list(options)[0]}"') in done.stderr


# Those that a reload may change at all.
@pytest.mark.parametrize("options, why", [OPTIONS[i] for i in (0, 2, 3)])
def test_options_at_a_reload(start, server, options, why):
    fwd = warm(start(server))
    fwd.write_config(options)
    taken, lines = fwd.hang_up()
    assert not taken and any(why in line for line in lines), lines
    assert addresses(fwd.ask("on.test")) == [expected_a("on.test")]


@pytest.mark.parametrize("words, option", [
    (("explain", "a.test"), "explain and query (make EXPLAIN=1)"),
    (("query", "a.test"), "explain and query (make EXPLAIN=1)"),
    (("portal",), "captive portals (make PORTAL=1)"),
    (("portal", "off"), "captive portals (make PORTAL=1)"),
    (("log", "--recent"), "the flight recorder (make RECORDER=1)"),
])
def test_commands(start, server, words, option):
    fwd = warm(start(server, {"control": True}))
    done = fwd.ctl(*words)
    assert done.returncode == 1
    assert done.stderr == f"dnsfwdctl: this dnsfwd was built without {option}\n"


def test_what_is_left_is_told(start, server):
    """Status says nothing of portals, the log that files are not limited."""
    fwd = warm(start(server, {"control": True}))
    assert fwd.ctl_json("status")["portal"] is None
    assert fwd.ctl("status").returncode == 0
    assert "limit of files (built without Landlock)" in fwd.log_text()


@pytest.mark.parametrize("words, option", [(("-T",), "DESK"), (("--list-presets", "--json"), "DESK"),
                                           (("--import", "/dev/null"), "IMPORT")])
def test_command_line(words, option):
    done = run(*words)
    assert done.returncode in (1, 5) and not done.stdout
    assert f"{[w for w in words if w.startswith('-')][-1]}: this dnsfwd was built without it (make {option}=1)" in done.stderr


def test_help_has_what_is_there():
    done = run("--help")
    assert done.returncode == 0 and "--list-presets" in done.stdout
    for gone in ("-T", "--json", "--import"):
        assert gone not in done.stdout


def test_version_tells():
    line = run("-V").stdout.splitlines()[2]
    assert line.startswith("built with ")
    assert {word.partition("=")[0] for word in line.split()[2:] if word.endswith("=0")} >= {
        "HTTP", "DTLS", "PORTAL", "EXPLAIN", "IMPORT", "SYSTEMD", "LANDLOCK", "LOGFILES", "RECORDER", "SNAPSHOT", "DESK"}
