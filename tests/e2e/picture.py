"""Draws packaging/status-page.png: python3 tests/e2e/picture.py FILE [light|dark] [WIDTH HEIGHT]"""

import pathlib
import sys
import tempfile
import time

from browser import Browser
from daemon import Dnsfwd
from pagecase import household
from testserver import TestServer, make_certs
from webcase import Web



def busy(data):
    data = household(data)
    data["totals"]["queries"] += int(time.monotonic() * 6)
    return data


path, scheme = sys.argv[1], (sys.argv[2:] or ["light"])[0]
width, height = map(int, sys.argv[3:5] or (1160, 1150))
with tempfile.TemporaryDirectory(prefix="dnsfwd-picture-") as folder:
    certs = make_certs(pathlib.Path(folder))
    with TestServer(tls=["127.0.0.1:0"], certs=certs) as server, Browser() as browser:
        with Dnsfwd({"name": "home", "server": server}, {"metrics": "127.0.0.1:0", "cache-size": "1M"}) as fwd:
            fwd.ask("a.test")
            tab = browser.open(
                Web(fwd).url + "/", width=width, height=height, scheme=scheme, motion="reduce", change=busy
            )
            tab.wait("document.querySelectorAll('#upstreams article').length == 3")
            tab.run("new Promise(r => setTimeout(r, 5000))")  # the rate is that of a few seconds
            tab.picture(path)
