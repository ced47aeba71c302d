"""Folders in the folder for temporary files, named after the process that makes them.

Each is removed by whoever has made it.  What a run leaves behind that was killed, the next one removes (sweep): only
where the name says that it was made by a process of this pid namespace, and this one is gone.
"""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile

SPACE = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))
NAME = re.compile(rf"dnsfwd-[a-z0-9]+-{SPACE}-(\d+)-[^-]+")


def prefix(kind):
    return f"dnsfwd-{kind}-{SPACE}-{os.getpid()}-"


def make(kind):
    """The path of a new one; its owner removes it."""
    return tempfile.mkdtemp(prefix=prefix(kind))


@contextlib.contextmanager
def shared(kind, mode):
    """One that other users reach, as pytest's own is for its user alone; gone at the end."""
    folder = pathlib.Path(make(kind))
    folder.chmod(mode)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def is_left_behind(path):
    match = NAME.fullmatch(path.name)
    if not match or path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.geteuid():
        return False
    return not pathlib.Path(f"/proc/{match[1]}").exists()


def sweep():
    for path in pathlib.Path(tempfile.gettempdir()).glob("dnsfwd-*"):
        try:
            if is_left_behind(path):
                shutil.rmtree(path, ignore_errors=True)
        except FileNotFoundError:
            pass  # another run was faster
