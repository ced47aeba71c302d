"""A thousand names asked through every failure there is: none of them stands in a log that was not told to have them."""

import ipaddress

import pytest
import wire
from load import load
from testserver import wait_for

WORD = "hush"  # in each name
EACH = 60
RULES = {
    "servfail": "rcode=SERVFAIL", "refused": "rcode=REFUSED", "late": "none", "wrong": "wrong-name", "type": "wrong-type",
    "class": "wrong-class", "trailing": "trailing", "broken": "mutate=1/broken", "cut": "cut=half", "tc": "tc",
    "close": "none close", "rst": "none close=rst", "cookie": "cookie=wrong", "badcookie": "rcode=23", "prefix": "prefix=65535",
    "ede": "rcode=2 ede=6/200", "two": "two-questions", "opt": "opt-twice",
}


def names(kind):
    return lambda i: f"{WORD}{i}.{kind}.test"


def rebind(kind):
    """An answer that points at the home network."""
    head = wire.header(wire.QR | wire.RD | wire.RA, (1, 1, 0, 0), 0)
    record = b"\xc0\x0c" + b"\0\1\0\1\0\0\0\x3c\0\4" + ipaddress.ip_address("192.168.1.1").packed
    return [f"name={names(kind)(i)} hex={(head + wire.question(names(kind)(i)) + record).hex()}" for i in range(20)]


def drive(fwd, server, count=EACH, **kwargs):
    """So many names of one kind; whatever the answer is, there is one."""
    done = load(fwd, count, window=20, **kwargs)
    assert not done.lost, done
    return count


def fail_in_every_way(fwd, server):
    """How many names were asked."""
    asked = 0
    for kind, rule in RULES.items():
        server.rule(f"name=*.{kind}.test {rule}")
        asked += drive(fwd, server, name=names(kind))
    for rule in rebind("rebind"):
        server.rule(rule)
    asked += drive(fwd, server, 20, name=names("rebind"))
    asked += drive(fwd, server, name=lambda i: f"{WORD}{i}.blocked.test")
    for flags, rrclass in ((0, 1), (wire.RD, 3)):
        fwd.ask_wire(wire.query(f"{WORD}.flags{rrclass}.test", rrclass=rrclass, flags=flags), "tcp")
    fwd.ask_wire(wire.header() + wire.question(f"{WORD}.behind.test") + b"x", "tcp")
    for how in ("fin", "rst", "alert"):
        server.rule(f"refuse={how}")
        server.closeall("rst")
        asked += drive(fwd, server, 15, name=names(how))
        server.clear_rules()
    server.listen(False)
    server.closeall("rst")
    asked += drive(fwd, server, 30, name=names("away"))
    server.listen(True)
    return asked


@pytest.mark.parametrize("level, where", [("info", "stderr"), ("debug", "stderr"), ("info", "file"), ("debug", "file")])
def test_no_name_anywhere(start_server, start, tmp_path, level, where):
    server, file = start_server(), tmp_path / "log"
    block = tmp_path / "block"
    block.write_text("blocked.test\n")
    options = {"query-timeout": "200ms", "private-address": ["all"], "block": [str(block)], "log-level": level, "control": True,
               "max-queries": 16, "edns-size": 1232, "cache-size": "1M"}
    if where == "file":
        options["log-file"] = str(file)
    fwd = start(server, options, wait=where == "stderr")
    if where == "file":
        fwd.addresses = [("127.0.0.1", wait_for(fwd.find_ports, what="a port")[0])]
    asked = fail_in_every_way(fwd, server)
    assert asked >= 1000
    fwd.ctl("flush", f"{WORD}.flushed.test")
    recent = fwd.ctl("log", "--recent").stdout
    fwd.process.terminate()
    assert fwd.wait_end() == 0
    text = fwd.log_text() + (file.read_text() if where == "file" else "")
    for of in (text, recent):
        assert "ready: " in of or of is recent
        assert " upstream " in of and WORD not in of.lower()
    assert len(text.splitlines()) < asked / (1 if level == "debug" else 5)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_name_where_the_certificate_is_wrong(start_server, start, server, level):
    """Nobody is asked, nobody is told."""
    fwd = start(server, {"tls-cert-bundle": None, "query-timeout": "200ms", "log-level": level, "control": True,
                         "upstream": [{"name": "home", "address": "127.0.0.1", "port": server.tls[0].port,
                                       "auth-name": "another.test", "tls-cert-bundle": server.ca}], "forward": ["home"]})
    drive(fwd, server, 60, name=names("certificate"))
    recent = fwd.ctl("log", "--recent").stdout
    fwd.end()
    for of in (fwd.log_text(), recent):
        assert "certificate refused" in of and WORD not in of.lower()


def test_names_can_be_seen_by_this_test(server, start):
    """With log-queries they are there, in the log and in the flight recorder."""
    fwd = start(server, {"log-queries": True, "log-level": "debug", "control": True})
    drive(fwd, server, 20, name=names("seen"))
    assert fwd.ctl("log", "--recent").stdout.lower().count(WORD) == 20
    fwd.end()
    assert fwd.log_text().lower().count(WORD) == 20


