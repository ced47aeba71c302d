"""Files that change while clients ask: what they say is in force soon, and no query is lost."""

import os
import threading

from conftest import addresses
from daemon import Dnsfwd
from load import load
from testserver import expected_a, wait_for


def write(path, text):
    """As most do it: a new file in its place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.rename(fresh, path)


def wait_address(fwd, name, wanted):
    wait_for(lambda: addresses(fwd.ask(name)) == wanted, what=f"{name} to be {wanted}")


def wait_rcode(fwd, name, rcode):
    wait_for(lambda: fwd.ask(name).rcode() == rcode, what=f"{name} to have RCODE {rcode}")


def test_hosts_in_every_way(server, start, tmp_path):
    """Replaced, written in place, taken away, brought back; and a new name is not known before."""
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 a.home\n")
    fwd = start(server, {"hosts": [str(path)], "local-domain": "home"})
    assert addresses(fwd.ask("a.home")) == ["10.0.0.1"]
    write(path, "10.0.0.2 a.home\n10.0.0.3 b.home\n")
    wait_address(fwd, "a.home", ["10.0.0.2"])
    assert addresses(fwd.ask("b.home")) == ["10.0.0.3"]
    path.write_text("10.0.0.4 a.home\n")
    wait_address(fwd, "a.home", ["10.0.0.4"])
    path.unlink()
    wait_rcode(fwd, "a.home", 3)
    fwd.wait_log("hosts file .* cannot be read: No such file")
    path.write_text("10.0.0.5 a.home\n")
    wait_address(fwd, "a.home", ["10.0.0.5"])
    assert server.queries() == []


def test_a_link(server, start, tmp_path):
    """What it leads to is watched, and so is where it leads."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts").write_text(f"10.0.0.1 {name}.home\n")
    link = tmp_path / "hosts"
    link.symlink_to(tmp_path / "one/hosts")
    fwd = start(server, {"hosts": [str(link)], "local-domain": "home"})
    assert fwd.ask("one.home").rcode() == 0
    write(tmp_path / "one/hosts", "10.0.0.2 one.home\n")
    wait_address(fwd, "one.home", ["10.0.0.2"])
    fresh = tmp_path / "fresh"
    fresh.symlink_to(tmp_path / "two/hosts")
    os.rename(fresh, link)
    wait_rcode(fwd, "two.home", 0)
    write(tmp_path / "two/hosts", "10.0.0.3 two.home\n")
    wait_address(fwd, "two.home", ["10.0.0.3"])


def test_leases_are_written_without_being_closed(server, start, tmp_path):
    """dnsmasq keeps its file open: it goes back to the beginning, cuts it and writes."""
    path = tmp_path / "leases"
    with open(path, "w") as out:
        fwd = start(server, {"lease-file": str(path), "local-domain": "home"})
        assert fwd.ask("phone.home").rcode() == 3
        out.write("0 aa:bb:cc:dd:ee:01 10.0.0.7 phone *\n")
        out.flush()
        wait_address(fwd, "phone.home", ["10.0.0.7"])
        out.seek(0)
        out.truncate()
        out.write("0 aa:bb:cc:dd:ee:02 10.0.0.8 tablet *\n")
        out.flush()
        wait_address(fwd, "tablet.home", ["10.0.0.8"])
        wait_rcode(fwd, "phone.home", 3)


def test_a_folder_that_comes_later(server, start, tmp_path):
    path = tmp_path / "later/hosts"
    fwd = start(server, {"hosts": [str(path)], "local-domain": "home"})
    assert fwd.ask("a.home").rcode() == 3
    path.parent.mkdir()
    path.write_text("10.0.0.1 a.home\n")
    wait_address(fwd, "a.home", ["10.0.0.1"])


def test_block_lists(server, start, tmp_path):
    """They change alone; what is blocked stays so while a list is away."""
    path = tmp_path / "list"
    path.write_text("one.example\n")
    fwd = start(server, {"block": [str(path)]})
    assert fwd.ask("one.example").rcode() == 3 and fwd.ask("two.example").rcode() == 0
    write(path, "two.example\n")
    wait_rcode(fwd, "two.example", 3)
    assert fwd.ask("one.example").rcode() == 0
    path.unlink()
    fwd.wait_log("the block lists stay as they were")
    assert fwd.ask("two.example").rcode() == 3
    write(path, "three.example\n")
    wait_rcode(fwd, "three.example", 3)
    assert fwd.ask("two.example").rcode() == 0


def test_the_same_trouble_is_told_once(server, start, tmp_path):
    """A lease file is written each time that a lease is renewed."""
    path = tmp_path / "leases"
    text = "0 aa:bb:cc:dd:ee:01 10.0.0.7 wpad *\n"
    path.write_text(text)
    fwd = start(server, {"lease-file": str(path), "local-domain": "home"})
    for i in range(5):
        write(path, text + f"0 aa:bb:cc:dd:ee:02 10.0.0.{i + 10} phone *\n")  # never seen empty
        wait_address(fwd, "phone.home", [f"10.0.0.{i + 10}"])
    assert sum("must not have this name" in line for line in fwd.log()) == 1
    assert sum("leases: " in line for line in fwd.log()) == 1
    path.write_text("\n" + text)
    fwd.wait_log(f"{path}:2: a client must not have this name")


def test_no_query_is_lost(server, tmp_path):
    """Both kinds of files change all the time while two workers are asked."""
    hosts, block = tmp_path / "hosts", tmp_path / "list"
    lines = "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} h{i}.home\n" for i in range(5000))
    names = "".join(f"ads{i}.example\n" for i in range(20000))
    hosts.write_text(lines)
    block.write_text(names)
    options = {"hosts": [str(hosts)], "block": [str(block)], "workers": 2, "log-level": "debug"}
    with Dnsfwd(server, options) as fwd:
        over = threading.Event()

        def reloads():
            return sum("blocking by" in line for line in fwd.log()) - 1

        def change():
            for i in range(1_000_000):
                if over.is_set():
                    return
                seen = len(fwd.log())
                write(hosts, lines + f"10.9.9.9 new{i}.home\n")
                write(block, names + f"new{i}.example\n")
                fwd.wait_log(r"hosts file .*: ", seen)
                fwd.wait_log(r"blocking by ", seen)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            while True:
                load(fwd, 10000, window=200, pipes=8).check()
                load(fwd, 3000, window=100, pipes=4, transport="tcp").check()
                if reloads() >= 2:
                    break
        finally:
            over.set()
            thread.join()
        print(f"{reloads()} reloads")
        assert fwd.ask("ads19999.example").rcode() == 3
        assert addresses(fwd.ask("h4999.home")) == ["10.0.19.135"]
        assert addresses(fwd.ask("after.test")) == [expected_a("after.test")]
