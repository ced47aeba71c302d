"""What a killed test run leaves behind is removed by the next one, and nothing that is anybody else's."""

import os
import pathlib
import subprocess
import tempfile

import folders
import pytest


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def pid_that_is_gone():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def test_left_behind(place):
    path = place / f"dnsfwd-e2e-{folders.SPACE}-{pid_that_is_gone()}-abc_1234"
    (path / "below").mkdir(parents=True)
    (path / "below/file").write_text("")
    folders.sweep()
    assert not path.exists()


def test_one_that_is_made(place):
    """By a process that is there still."""
    path = pathlib.Path(folders.make("e2e"))
    assert path.parent == place and folders.NAME.fullmatch(path.name)
    folders.sweep()
    assert path.is_dir()


@pytest.mark.parametrize("name", ["dnsfwd-e2e-{other}-{pid}-abcd1234", "dnsfwd-e2e-{pid}-abcd1234", "dnsfwd-e2e-abcd1234",
                                  "dnsfwd-e2e-{space}-{pid}-x-abcd1234", "dnsfwd", "other-e2e-{space}-{pid}-abcd1234"])
def test_names_of_others(place, name):
    path = place / name.format(other=int(folders.SPACE) + 1, space=folders.SPACE, pid=pid_that_is_gone())
    path.mkdir()
    folders.sweep()
    assert path.is_dir()


def test_a_link(place):
    """Where it leads to is not looked at."""
    (place / "precious").mkdir()
    link = place / f"dnsfwd-e2e-{folders.SPACE}-{pid_that_is_gone()}-abcd1234"
    link.symlink_to(place / "precious")
    folders.sweep()
    assert link.is_symlink() and (place / "precious").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give it away")
def test_one_of_another_user(place):
    path = place / f"dnsfwd-e2e-{folders.SPACE}-{pid_that_is_gone()}-abcd1234"
    path.mkdir()
    os.chown(path, 65534, 65534)
    folders.sweep()
    assert path.is_dir()
