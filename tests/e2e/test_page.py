"""The status page, looked at with a browser: what it shows, how it keeps up, and what it does not let in."""

import copy
import json
import time

import pytest
from browser import BINARY, MISSING, Browser
from conftest import warm
from daemon import Dnsfwd
from pagecase import household
from ports import free_port
from testserver import wait_for
from webcase import Web

pytestmark = pytest.mark.skipif(not BINARY, reason=MISSING)

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>'\"&amp;"
PAGE_MAX = 40 * 1024


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def web(server, start):
    fwd = start({"name": "home", "server": server}, {"metrics": "127.0.0.1:0", "cache-size": "1M"})
    web = Web(fwd)
    web.fwd = warm(fwd)
    return web


@pytest.fixture
def look(browser):
    """look(web, ...): a tab with the page, the figures drawn.  At the end it must have complained of nothing."""
    tabs = []

    def at(web, **how):
        tab = browser.open(web.url + "/", **how)
        tabs.append(tab)
        tab.wait("document.body.className == 'on'")
        return tab

    yield at
    complaints = [c for tab in tabs for c in tab.complaints if not getattr(tab, "forgiven", False)]
    for tab in tabs:
        tab.close()
    assert not complaints


def tile(tab, name):
    return tab.text(f"#{name}")


# -- what it shows -------------------------------------------------------------------


def test_content(web, look):
    for i in range(8):
        web.fwd.ask(f"n{i % 4}.test")
    tab = look(web)
    tab.wait("document.querySelector('#rate-more').innerText == '9 since the start'")
    assert tab.run("document.title") == "dnsfwd: Encrypted and authenticated"
    assert tab.text("#title") == "Encrypted and authenticated"
    assert tab.text("#subtitle") == "Queries go to home over TLS 1.3."
    assert tab.text("#upstreams h3") == "home" and tab.text("#upstreams .pill") == "up"
    assert "authenticated" in tab.text("#upstreams .how") and "127.0.0.1" in tab.text("#upstreams .how")
    assert "1 full, 0 resumed" in tab.text("#upstreams") and "1 open" in tab.text("#upstreams")
    assert "NOERROR" in tab.text("#replies") and tab.text("#median") != "–"


def test_it_keeps_up(web, look):
    """Without being loaded again."""
    tab = look(web)
    tab.run("document.body.dataset.mark = 'same'")
    for i in range(20):
        web.fwd.ask(f"more{i}.test")
    tab.wait("document.querySelector('#rate-more').innerText == '21 since the start'")
    assert tab.run("document.body.dataset.mark") == "same"
    loaded = [r for r in tab.requests if not r.startswith("data:")]
    assert set(loaded) == {web.url + "/", web.url + "/status.json"}
    assert loaded.count(web.url + "/") == 1 and loaded.count(web.url + "/status.json") >= 2


def test_an_outage(start, start_server, look):
    server = start_server()
    fwd = start({"name": "home", "server": server}, {"metrics": "127.0.0.1:0", "query-timeout": "1s"})
    tab = look(Web(warm(fwd)))
    server.listen(False)
    server.closeall("rst")
    wait_for(lambda: fwd.ask("down.test").rcode() == 2, what="an outage")
    tab.wait("document.querySelector('#verdict').className == 'down'")
    assert tab.text("#title") == "No upstream answers" and "Connection refused" in tab.text("#upstreams .why")
    assert tab.run("document.title").startswith("⚠ ") and "home is down" in tab.text("#reasons")
    server.listen(True)
    wait_for(lambda: fwd.ask("up.test").rcode() == 0, what="the end of it")
    tab.wait("document.querySelector('#verdict').className == 'healthy'")
    assert tab.text("#reasons") == ""


def test_charts(web, look):
    tab = look(web, change=household)
    tab.wait("document.querySelectorAll('#chart-queries path.area').length == 3")
    assert tab.run("document.querySelectorAll('#chart-queries .tick').length") == 4
    assert tab.run("document.querySelectorAll('#chart-wait path.trace').length") == 3
    for name in ("chart-queries", "chart-wait"):
        label = tab.run(f"document.querySelector('#{name} svg').getAttribute('aria-label')")
        assert len(label) > 60 and any(c.isdigit() for c in label) and "NaN" not in label
    assert "NaN" not in tab.run("document.documentElement.outerHTML")
    assert "undefined" not in tab.text("body")
    for pill in ("up", "idle"):
        assert tab.run(f"document.querySelectorAll('.pill.s-{pill}').length") >= 1
    assert tab.text("#upstreams article:nth-child(3) h3") == "udp://10.1.0.1 for corp.example"
    assert "in clear" in tab.text("#upstreams article:nth-child(3) .how")


def test_pointing_at_a_chart(web, look):
    tab = look(web, change=household)
    tab.wait("document.querySelectorAll('#chart-queries path.area').length == 3")
    x, y = tab.run("(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector('#chart-queries svg').getBoundingClientRect())")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    tab.wait("!document.querySelector('#chart-queries .tip').hidden")
    assert "min ago" in tab.text("#chart-queries .tip") and "each second" in tab.text("#chart-queries .tip")


def test_without_figures(web, look):
    """Nothing has happened yet: that is said, and nothing is divided by it."""

    def empty(data):
        return {k: ({i: 0 for i in v} if k in ("totals", "waited", "privacy") else v) for k, v in data.items()} | {
            "rcodes": {}, "upstreams": [], "history": {k: v if k == "step_s" else [] for k, v in data["history"].items()},
            "cache": None,
        }

    tab = look(web, change=empty)
    text = tab.wait("document.querySelector('#chart-queries').innerText")
    assert "first figures come" in text and "Nothing had to be asked" in tab.text("#chart-wait")
    assert "NaN" not in tab.run("document.documentElement.outerHTML") and "undefined" not in tab.text("body")


# -- the daemon has gone -------------------------------------------------------------


def test_the_daemon_goes_and_comes(server, look):
    # The second one takes the port again, so nobody else may get it meanwhile.
    how = [{"name": "home", "server": server}], {"metrics": f"127.0.0.1:{free_port()}"}
    with Dnsfwd(*how) as fwd:
        web = Web(warm(fwd))
        tab = look(web)
        tab.forgiven = True  # that nobody answers is an error to a browser
        begun = tab.text("#version")
    tab.wait("document.body.className == 'gone'")
    assert tab.text("#title") == "dnsfwd does not answer" and "Last heard at" in tab.text("#subtitle")
    assert tab.text("#live") == "no answer" and tab.run("document.title") == "⚠ dnsfwd: dnsfwd does not answer"
    assert tab.text("#version") == begun  # what was known stays
    with Dnsfwd(*how):
        tab.wait("document.body.className == 'on'")
        assert tab.text("#live") == "live"


# -- what it does not let in ---------------------------------------------------------


def test_hostile_texts(web, look):
    """Names and reasons come from configurations, certificates and peers."""

    def hostile(data):
        data = household(data)
        for u in data["upstreams"]:
            u.update({k: HOSTILE for k in ("name", "zone", "reason", "protocol", "cipher", "address", "state", "transport")})
        data.update(state=HOSTILE, version=HOSTILE, reasons=[HOSTILE], bounds=[{"what": HOSTILE, "count": 1}])
        data["rcodes"][HOSTILE] = 10**9
        return data

    tab = look(web, change=hostile)
    tab.wait("document.querySelectorAll('#upstreams article').length == 3")
    assert tab.run("document.querySelectorAll('img, iframe, object, embed, #main script').length") == 0
    assert "owned" not in tab.run("document.title").split("dnsfwd: ")[0]
    assert tab.text("#version") == HOSTILE and HOSTILE in tab.text("#reasons")
    assert HOSTILE in tab.text("#upstreams h3") and HOSTILE in tab.text("#bounds") and HOSTILE in tab.text("#replies")


def test_a_hostile_name_of_an_upstream(server, start, look):
    """The whole way, from the configuration."""
    name = HOSTILE[:60]
    fwd = start({"name": name, "server": server}, {"metrics": "127.0.0.1:0"})
    web = Web(warm(fwd))
    assert web.get("/status.json").json()["upstreams"][0]["name"] == name
    tab = look(web)
    assert tab.text("#upstreams h3") == name and tab.run("document.images.length") == 0
    assert "<img src=x" not in tab.run("document.querySelector('#upstreams').innerHTML")


@pytest.mark.parametrize(
    "what",
    [
        "<img src=x onerror=\"document.title='owned'\">",
        "<a href=\"javascript:document.title='owned'\" id=evil>x</a>",
        "<button id=evil onclick=\"document.title='owned'\">x</button>",
        "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    ],
)
def test_the_policy_holds(web, look, what):
    """Even if something got in: no script runs but the page's, nothing is loaded."""
    tab = look(web)
    tab.forgiven = True
    tab.run(f"document.body.insertAdjacentHTML('beforeend', {json.dumps(what)})")
    tab.run("document.getElementById('evil') && document.getElementById('evil').click()")
    tab.run("fetch('http://127.0.0.1:1/').catch(e => 0)")
    tab.run("(s => { s.textContent = \"document.title = 'owned'\"; document.body.append(s) })(document.createElement('script'))")
    assert "owned" not in tab.run("new Promise(r => setTimeout(() => r(document.title), 200))")
    told = lambda: tab.run("1") and any("Content Security Policy" in str(c) for c in tab.complaints)  # noqa: E731
    wait_for(told, what="a complaint of the browser's")


def test_each_copy_has_its_own_nonce(web):
    pages = [web.get("/") for _ in range(3)]
    assert len({p.headers["Content-Security-Policy"] for p in pages}) == 3
    for page in pages:
        assert "@NONCE@" not in page.text and "unsafe" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_one_small_file(web):
    page = web.get("/")
    assert len(page.body) <= PAGE_MAX and "@CSS@" not in page.text and "@JS@" not in page.text
    for outside in ("http:", "https:", "url(", "@import", "src="):
        assert outside not in page.text.replace("http://www.w3.org/2000/svg", "")
    assert " style=" not in page.text and " onclick=" not in page.text


# -- for everybody -------------------------------------------------------------------

CONTRAST = """(() => {
    const c = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = color => { c.clearRect(0, 0, 1, 1); c.fillStyle = color; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const back = n => { for (; n; n = n.parentElement) { const v = rgb(getComputedStyle(n).backgroundColor); if (v[3] == 255) return v; } return [255, 255, 255]; };
    const bad = [];
    for (const n of document.querySelectorAll('body *')) {
        if (![...n.childNodes].some(k => k.nodeType == 3 && k.data.trim()) || !n.getClientRects().length || n.closest('.skip, noscript')) continue;
        const s = getComputedStyle(n), fore = light(rgb(n instanceof SVGElement ? s.fill : s.color)), under = light(back(n));
        const ratio = (Math.max(fore, under) + .05) / (Math.min(fore, under) + .05);
        if (ratio < 4.5) bad.push(n.tagName + ' ' + n.textContent.slice(0, 30) + ' ' + ratio.toFixed(2));
    }
    return bad;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["healthy", "degraded", "down"])
def test_contrast(web, look, scheme, state):
    """WCAG 2 AA, in both schemes."""

    def ill(data):
        data = household(data)
        data["state"] = state
        if state != "healthy":
            data["reasons"] = ["something is amiss"]
            data["upstreams"][0].update(state="down", reason="TLS: certificate refused", retry_s=0.8)
            data["upstreams"][1].update(state="doubtful")
        return data

    tab = look(web, scheme=scheme, change=ill)
    tab.wait(f"document.querySelector('#verdict').className == '{state}'")
    assert tab.run(CONTRAST) == []


def test_light_and_dark(web, look):
    tab = look(web, scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = tab.run(background)
    tab.media("dark")
    assert light == "rgb(243, 245, 248)" and tab.run(background) == "rgb(12, 17, 23)"


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_widths(web, look, width):
    """Nothing to be scrolled sideways, nothing cut off."""
    tab = look(web, width=width, height=800, change=household)
    tab.wait("document.querySelectorAll('#upstreams article').length == 3")
    tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.run("document.documentElement.scrollWidth") <= width
    wide = """[...document.querySelectorAll('main *')].filter(n => !n.closest('svg, .scroll, .tip') &&
        n.getBoundingClientRect().right > innerWidth + 1).map(n => n.tagName + n.className)"""
    assert tab.run(wide) == []


def test_no_motion_for_those_who_mind(web, look):
    moves = "getComputedStyle(document.querySelector('#live i')).animationName"
    assert look(web).run(moves) == "pulse"
    assert look(web, motion="reduce").run(moves) == "none"


def test_keyboard(web, look):
    """Tab leads to all that can be used; a table opens with the space bar."""
    tab = look(web, change=household)
    tab.wait("document.querySelectorAll('#chart-queries path.area').length == 3")
    focused = []
    for _ in range(7):
        for kind in ("keyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        focused.append(tab.run("document.activeElement.innerText"))
        if focused[-1] == "As a table" and focused.count("As a table") == 1:
            tab.call("Input.dispatchKeyEvent", type="keyDown", key=" ", code="Space", text=" ", windowsVirtualKeyCode=32)
            tab.call("Input.dispatchKeyEvent", type="keyUp", key=" ", code="Space", windowsVirtualKeyCode=32)
    assert focused[0] == "Skip to the figures" and focused.count("As a table") == 2
    assert {"metrics", "health", "all of this as JSON"} <= set(focused)
    tab.wait("document.querySelectorAll('#table-queries tbody tr').length == 12")


def test_screen_readers(web, look):
    """The tree that they are given: headings, names of pictures, one region that speaks up politely."""
    tab = look(web, change=household)
    tab.wait("document.querySelectorAll('#upstreams article').length == 3")
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    tree = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
    headings = [name for role, name in tree if role == "heading"]
    assert headings[0] == "dnsfwd" and {"Queries", "Waiting time", "Upstreams", "quad9"} <= set(headings)
    pictures = [name for role, name in tree if role in ("image", "img")]
    assert len(pictures) >= 8 and all(len(name) > 10 for name in pictures), pictures
    regions = {name for role, name in tree if role == "region"}
    assert {"Queries", "Waiting time", "Upstreams", "State"} <= regions
    assert tab.run("[...document.querySelectorAll('[aria-live]')].map(n => n.id || n.parentNode.id + ' ' + n.ariaLive)") == [
        "verdict polite"
    ]
    assert tab.run("document.documentElement.lang") == "en"
    assert tab.run("document.querySelectorAll('h1').length") == 1


def test_it_speaks_only_when_something_changes(web, look):
    tab = look(web)
    tab.run(
        "window.spoken = 0; new MutationObserver(l => window.spoken += l.length)"
        ".observe(document.querySelector('[aria-live]'), { subtree: true, childList: true, characterData: true })"
    )
    before = len(tab.requests)
    wait_for(lambda: tab.run("1") and len(tab.requests) >= before + 2, what="two more updates")
    assert tab.run("window.spoken") == 0


def test_nobody_looks(web, look):
    """A tab in the background asks for nothing."""
    tab = look(web)
    tab.run("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true }); 0")
    wait_for(lambda: settled(tab), what="silence")
    tab.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    count = len(tab.requests)
    wait_for(lambda: len(tab.requests) > count, what="questions again")


def settled(tab):
    before = len(tab.requests)
    time.sleep(2.5)  # longer than the page's own pause
    return len(tab.requests) == before
