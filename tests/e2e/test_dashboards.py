"""The Grafana dashboard and the alert rules: their queries parse, and ask for what there is."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import warm
from testserver import TIMEOUT
from webcase import Metrics, Web

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
DASHBOARD = PACKAGING / "grafana/dnsfwd.json"
RULES = PACKAGING / "prometheus/dnsfwd.rules.yml"
CASES = PACKAGING / "prometheus/dnsfwd.test.yml"
NAME = re.compile(r"\b(?:dnsfwd|process)_[a-z0-9_]+")
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")


def promtool(*args):
    return subprocess.run(["promtool", *map(str, args)], capture_output=True, text=True, timeout=TIMEOUT)


def panels():
    return [p for p in json.loads(DASHBOARD.read_text())["panels"] if p["type"] != "row"]


def expressions():
    """Of the dashboard, as Prometheus gets them: {place: expression}."""
    board = json.loads(DASHBOARD.read_text())
    found = {f"{p['title']} {t['refId']}": t["expr"] for p in panels() for t in p["targets"]}
    found.update({a["name"]: a["expr"] for a in board["annotations"]["list"] if "expr" in a})
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found[variable["name"]] = re.match(r"label_values\((.*), \w+\)$", variable["query"]["query"])[1]
    replaced = {}
    for place, text in found.items():
        for name, value in (("$__rate_interval", "5m"), ("$job", ".*"), ("$instance", ".*")):
            text = text.replace(name, value)
        assert "$" not in text, f"{place}: {text}"
        replaced[place] = text
    return replaced


@pytest.fixture(scope="module")
def exported(shared_server):
    """The metrics of a dnsfwd that has all it can have."""
    from daemon import Dnsfwd

    with Dnsfwd(
        {"name": "home", "server": shared_server}, {"metrics": "127.0.0.1:0", "cache-size": "1M", "block": ["/dev/null"]}
    ) as fwd:
        yield Web(warm(fwd)).get("/metrics").text


def test_every_metric_is_there(exported):
    there = set(Metrics(exported))
    used = {n for text in expressions().values() for n in NAME.findall(text)}
    used |= {n for n in NAME.findall(re.sub(r"#.*|summary:.*|description:.*", "", RULES.read_text())) if n != "dnsfwd_rules"}
    assert len(used) > 25 and not used - there


def test_every_label_is_there(exported):
    """by (...) and {...} name labels that some series has, with values that it has."""
    metrics = Metrics(exported)
    labels = {k for series in metrics.values() for key in series for k, _ in key} | {"job", "instance", "zone"}
    values = {(k, v) for series in metrics.values() for key in series for k, v in key}
    for text in [*expressions().values(), RULES.read_text()]:
        for group in re.findall(r"\bby \(([^)]*)\)", text):
            assert {g.strip() for g in group.split(",")} <= labels, text
        for name, value in re.findall(r'(\w+)="([^"]*)"', " ".join(re.findall(r"\{[^}]*\}", text))):
            assert (name, value) in values, f"{name}={value} in {text}"


def test_most_metrics_are_shown(exported):
    """A family that nobody draws may be one too many, or forgotten."""
    families = set(re.findall(r"^# TYPE (\S+)", exported, re.M))
    drawn = {re.sub("_(bucket|sum|count)$", "", n) for text in [*expressions().values(), RULES.read_text()] for n in NAME.findall(text)}
    assert families - drawn <= {
        "dnsfwd_own_servfails_total", "dnsfwd_truncated_total", "dnsfwd_blocked_total", "dnsfwd_cache_entries",
        "dnsfwd_cache_max_bytes", "dnsfwd_cache_stored_total", "dnsfwd_cache_evictions_total", "dnsfwd_inflight",
        "dnsfwd_tcp_clients", "dnsfwd_tcp_accepted_total", "dnsfwd_upstream_doubtful", "dnsfwd_upstream_smoothed_rtt_seconds",
    }


def test_panels():
    """What Grafana wants of each, and no two at the same place."""
    taken, ids = set(), set()
    for p in json.loads(DASHBOARD.read_text())["panels"]:
        assert p["title"] and p["id"] not in ids
        ids.add(p["id"])
        g = p["gridPos"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        assert g["x"] + g["w"] <= 24 and not cells & taken
        taken |= cells
    for p in panels():
        refs = [t["refId"] for t in p["targets"]]
        assert refs and len(set(refs)) == len(refs) and all(t["datasource"]["uid"] == "${datasource}" for t in p["targets"])


@needs_promtool
def test_dashboard_queries_parse(tmp_path):
    rules = [{"record": "dashboard:panel:q", "expr": text, "labels": {"n": str(i)}} for i, text in enumerate(expressions().values())]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))  # JSON is YAML
    done = promtool("check", "rules", path)
    assert done.returncode == 0 and f"{len(rules)} rules found" in done.stdout, done.stdout + done.stderr


@needs_promtool
def test_rules():
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_cases_of_the_rules():
    done = promtool("test", "rules", CASES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case():
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    assert len(alerts) >= 9 and alerts == set(re.findall(r"alertname: (\w+)", CASES.read_text()))
