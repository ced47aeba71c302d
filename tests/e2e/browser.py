"""A headless Chromium, driven over its debugging pipe: no driver, no port, nothing of the internet.

    with Browser() as browser:
        tab = browser.open(url)
        tab.wait("document.title != ''")
"""

import base64
import json
import os
import queue
import shutil
import subprocess
import threading
import time

import folders
from testserver import TIMEOUT

BINARY = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "there is no chromium to look at the page with (Debian: chromium)"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # tests run as root, too
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-pipe",
]


class Browser:
    def __init__(self):
        self.folder = folders.make("browser")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()

        def hand_over():
            """3 is what it reads commands from, 4 where it writes."""
            kept_in, kept_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(kept_in, 3)
            os.dup2(kept_out, 4)

        self.process = subprocess.Popen(
            [BINARY, *ARGUMENTS, f"--user-data-dir={self.folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=hand_over,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._lock, self._next, self._replies, self._tabs = threading.Lock(), 0, {}, {}
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _read(self):
        data = b""
        while chunk := os.read(self._in, 1 << 16):
            *messages, data = (data + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._replies[message["id"]].put(message)
                elif tab := self._tabs.get(message.get("sessionId")):
                    tab.on_event(message["method"], message["params"])

    def send(self, method, session=None, **params):
        """Without waiting: the queue that its reply comes to."""
        with self._lock:
            self._next += 1
            reply = self._replies[self._next] = queue.Queue()
            message = {"id": self._next, "method": method, "params": params}
            if session:
                message["sessionId"] = session
            data = json.dumps(message).encode() + b"\0"
            while data:
                data = data[os.write(self._out, data) :]
        return reply

    def call(self, method, session=None, **params):
        reply = self.send(method, session, **params).get(timeout=TIMEOUT)
        assert "error" not in reply, reply
        return reply["result"]

    def open(self, url, **how):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self._tabs[session] = Tab(self, target, session)
        tab.start(url, **how)
        return tab

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._out)
        shutil.rmtree(self.folder, ignore_errors=True)


class Tab:
    """A page; what it complains of (errors, blocked by policy) and what it asks for is collected.

    change(data) gets each /status.json as it comes, and returns what the page shall see instead.
    """

    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session
        self.complaints, self.requests = [], []
        self.change = None

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def start(self, url, width=1200, height=900, scheme="light", motion="no-preference", change=None):
        self.change = change
        for domain in ("Log", "Runtime", "Page", "Network"):
            self.call(f"{domain}.enable")
        if change:
            self.call("Fetch.enable", patterns=[{"urlPattern": "*/status.json", "requestStage": "Response"}])
        self.size(width, height)
        self.media(scheme, motion)
        self.call("Page.navigate", url=url)
        self.wait("document.readyState == 'complete'")

    def on_event(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Fetch.requestPaused":
            threading.Thread(target=self._answer, args=(params["requestId"], "responseStatusCode" in params)).start()

    def _answer(self, request, came):
        if not came:
            self.browser.send("Fetch.continueRequest", self.session, requestId=request)
            return
        body = self.call("Fetch.getResponseBody", requestId=request)
        text = base64.b64decode(body["body"]) if body["base64Encoded"] else body["body"]
        data = json.dumps(self.change(json.loads(text))).encode()
        headers = [{"name": "Content-Type", "value": "application/json"}]
        self.call(
            "Fetch.fulfillRequest",
            requestId=request,
            responseCode=200,
            responseHeaders=headers,
            body=base64.b64encode(data).decode(),
        )

    def size(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def media(self, scheme, motion="no-preference"):
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        self.call("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in features.items()])

    def run(self, script):
        """The value of an expression."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def wait(self, script, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while not (value := self.run(script)):
            assert time.monotonic() < deadline, f"never: {script}\n{self.run('document.body.innerText')}\n{self.complaints}"
            time.sleep(0.05)
        return value

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
