"""What is in dashboards/ fits the gateway: names, labels and expressions, asked of a real Prometheus under mixed load."""

import json
import math
import re
import shutil
import subprocess
import urllib.request
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import load
import promql
import pytest
import yaml
from conftest import missing
from servers import prometheus as prometheus_module
from servers import stub as stubs
from servers.processes import CACHE, ROOT, wait_until
from servers.prometheus import Prometheus, promtool

FOLDER = ROOT / "dashboards"
RULES = [FOLDER / "rules.yaml", FOLDER / "alerts.yaml"]
SCHEMA = CACHE / "grafana"
DASHBOARDS = sorted(FOLDER.glob("*.json"))
ALL_DASHBOARDS = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)

# What Prometheus adds to every series of a target, and its own series about it.
TARGET_LABELS = {"job", "instance"}
OF_PROMETHEUS = {"up": set()}
# What no load brings about: the gateway's own faults, a source of credentials that goes silent, facts that stay unknown.
NOT_UNDER_LOAD = {("ending", "failed"), ("kind", "no_credentials"), ("verdict", "unknown")}
# Scraped, but no panel and no alert shows it.
UNSHOWN = {"process_virtual_memory_bytes": "of an allocator that reserves much, it says nothing"}
# Panels without data while all is well, and why. Where all goes wrong every panel has some.
EMPTY_WHEN_WELL = {
    "Errors by kind": "no upstream failed",
    "Error ratio by upstream": "no upstream failed",
    "Credentials that were not accepted": "all were",
    "Denials that observing let pass": "no listener observes",
}
# What is seen of the gateway where all goes wrong; most wait for minutes before they fire.
ALERTS_WHEN_ILL = {
    "PortcullisFailing",
    "PortcullisLookUpsFailing",
    "PortcullisLookUpsLimited",
    "PortcullisObserving",
    "PortcullisReloadFailing",
    "PortcullisUpstreamCredentialsExpiring",
    "PortcullisUpstreamCredentialsRefused",
    "PortcullisUpstreamFailing",
}


def panels(path):
    """The panels of a dashboard that ask for something."""
    return [panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]


def rules():
    """Every recording rule and alert."""
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def expressions():
    """Every expression, and where it stands."""
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        for panel in panels(path):
            for target in panel["targets"]:
                yield f"{path.name}, {panel['title']}", target["expr"]
        for annotation in dashboard["annotations"]["list"]:
            yield f"{path.name}, {annotation['name']}", annotation["expr"]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{path.name}, ${variable['name']}", label_values(variable["definition"])[0]
    for rule in rules():
        yield rule.get("record") or rule["alert"], rule["expr"]


def label_values(query):
    """The selector and the label of a variable's query."""
    return re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()


@pytest.fixture(scope="module")
def stand(launch, tmp_path_factory):
    """A gateway that is well and one that is not, under load, and a Prometheus that watches both."""
    if programs := prometheus_module.missing():
        missing(", ".join(programs))
    server, gone = stubs.Stub(answer=load.store), stubs.Stub()
    gone.stop()
    well = start(launch, server, gone, timedelta(hours=1), {"concurrent": 64, "per_second": 1000}, "enforce")
    ill = start(launch, server, gone, timedelta(seconds=100), {"concurrent": 1, "per_second": 2}, "observe")
    targets = [(f"127.0.0.1:{each.health_port}", {"instance": name}) for name, each in [("well", well), ("ill", ill)]]
    watching = Prometheus(tmp_path_factory.mktemp("prometheus"), "portcullis", targets, RULES)
    with load.Mixed(well) as light, load.Mixed(ill, ill=True) as heavy:
        wait_until(lambda: len(watching.query("portcullis_build_info")) == 2, "both were scraped", 20)
        (well.folder / "identities.yaml").write_text(json.dumps(well.users.identities()) + "\n")
        (ill.folder / "identities.yaml").write_text("accounts: [")
        enough = lambda: light.failure or heavy.failure or (light.rounds > 10 and heavy.rounds > 10)
        wait_until(enough, lambda: f"ten rounds of load: {light.rounds}, {heavy.rounds}", 60)
        yield SimpleNamespace(well=well, ill=ill, prometheus=watching, loads=[light, heavy])
    watching.stop()
    server.stop()
    assert (light.failure, heavy.failure) == (None, None)


def start(launch, server, gone, life, look_ups, decision):
    agent = load.Container(life)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        settings = {**load.SHADOW, "decision": decision, "watch": "200ms"}
        more = {"users": load.users(), "bucket_policies": load.policies(), "settings": settings}
        gateway = launch(load.upstreams(server, gone, look_ups), **more)
    wait_until(lambda: "credentials_expiry" in scrape(gateway), "credentials that expire", 10)
    # What is held is enough for the test, and nothing is to be renewed.
    agent.stop()
    return gateway


def scrape(gateway):
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.health_port}/metrics") as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def scraped(stand):
    """Every metric that the gateways have, and the values of each of its labels."""
    text = "\n".join(scrape(gateway) for gateway in [stand.well, stand.ill])
    found = {}
    for name, labels in re.findall(r"^([a-z]\w*)(?:\{(.*)\})? ", text, re.MULTILINE):
        values = found.setdefault(name, {label: set() for label in TARGET_LABELS})
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            values.setdefault(label, set()).add(value)
    return found


@pytest.mark.parametrize(
    ("expression", "metrics", "labels"),
    [
        ("a", {"a"}, set()),
        ('rate(a{x="1",y=~"b|c"}[5m])', {"a"}, {"x", "y"}),
        ('sum by (x, y) (rate(a_total[$__rate_interval])) / on (x) group_left (z) b{x!=""}', {"a_total", "b"}, {"x", "y", "z"}),
        ("topk(10, sum(a) without (x)) > 0 and b:c:d unless e offset 15m", {"a", "b:c:d", "e"}, {"x"}),
        ('time() - a{x="{b} # \\" c"} # d', {"a"}, {"x"}),
        ("histogram_quantile(0.95, sum by (le) (a)) == bool 1.5e3 or vector(0)", {"a"}, {"le"}),
    ],
)
def test_names_are_read_out_of_expressions(expression, metrics, labels):
    found = promql.names(expression)
    assert {selector.metric for selector in found.selectors} == metrics
    assert found.grouping | {label for each in found.selectors for label, _, _ in each.matchers} == labels


def test_every_name_in_an_expression_is_scraped(scraped):
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    problems = [
        f"{where}: {problem}" for where, expression in expressions() for problem in unknown_names(expression, scraped, recorded)
    ]
    assert problems == []


def unknown_names(expression, scraped, recorded):
    named = promql.names(expression)
    known = set(TARGET_LABELS)
    for selector in named.selectors:
        metric = selector.metric
        if metric in recorded or metric in OF_PROMETHEUS:
            # The name of a recorded series begins with its labels.
            labels = {label: set() for label in TARGET_LABELS | ({"upstream"} if "upstream:" in metric else set())}
        elif metric in scraped:
            labels = scraped[metric]
        else:
            yield f"no metric `{metric}`"
            continue
        known |= labels.keys()
        for label, _, text in selector.matchers:
            if label not in labels:
                yield f"`{metric}` has no label `{label}`"
            elif label not in TARGET_LABELS and not text.startswith("$"):
                values = {value for value in text.split("|") if (label, value) not in NOT_UNDER_LOAD}
                if strange := values - labels[label]:
                    yield f"`{label}` of `{metric}` is never {strange}"
    if strange := named.grouping - known:
        yield f"no label {strange}"


def test_every_metric_is_shown(scraped):
    shown = {base(selector.metric) for _, expression in expressions() for selector in promql.names(expression).selectors}
    assert {base(metric) for metric in scraped} - shown == UNSHOWN.keys()


def base(metric):
    """A histogram's name without what its series add to it."""
    return re.sub(r"_seconds_(bucket|sum|count)$", "_seconds", metric)


@ALL_DASHBOARDS
def test_every_panel_has_data(stand, path):
    for instance in ["ill", "well"]:
        for panel in panels(path):
            empty = instance == "well" and panel["title"] in EMPTY_WHEN_WELL
            for target in panel["targets"]:
                check_target(stand, instance, panel, target, empty)


def check_target(stand, instance, panel, target, empty):
    where = f"{panel['title']} of {instance}: {target['expr']}"
    expression = filled(target["expr"], instance)
    if empty:
        assert stand.prometheus.query(expression) == [], f"{where}: has data, so it is not empty when all is well"
        return
    found = wait_until(lambda: numbers(stand.prometheus.query(expression)), f"data for {where}", 20, 0.2)
    for labels, _ in found:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert named <= labels.keys(), f"{where}: the legend names {named}, the series has {labels}"


def numbers(series):
    return [(labels, value) for labels, value in series if not math.isnan(value)]


def filled(expression, instance):
    """An expression as Grafana sends it when everything of one instance is chosen."""
    values = {
        "$__rate_interval": "10s",
        "$__range": "1m",
        "$job": "portcullis",
        "$instance": instance,
        "$listener": "app|s3|tls",
        "$upstream": "gone|leased|store",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@ALL_DASHBOARDS
def test_every_variable_has_values(stand, path):
    for variable in json.loads(path.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = label_values(variable["definition"])
            series = stand.prometheus.series(filled(selector, "well"))
            assert all(each.get(label) for each in series) and series, variable["definition"]


def test_a_reload_is_marked(stand):
    marks = {path.name: json.loads(path.read_text())["annotations"]["list"] for path in DASHBOARDS}
    assert len({json.dumps(each) for each in marks.values()}) == 1, "every dashboard has the same marks"
    expression = filled(marks["overview.json"][0]["expr"], "well").replace("[10s]", "[5m]")
    assert wait_until(lambda: stand.prometheus.query(expression), "a mark of the reload", 20)


def test_every_rule_is_evaluated(stand):
    wait_until(lambda: all(rule["health"] != "unknown" for rule in stand.prometheus.rules()), "every rule is evaluated", 20)
    found = stand.prometheus.rules()
    assert {rule["name"] for rule in found} == {rule.get("record") or rule["alert"] for rule in rules()}
    assert [rule for rule in found if rule["health"] != "ok" or rule.get("lastError")] == []


def test_alerts_tell_the_gateway_that_is_ill(stand):
    def of(instance):
        labels = [alert["labels"] for alert in stand.prometheus.alerts()]
        return {each["alertname"] for each in labels if each.get("instance") == instance}

    wait_until(lambda: of("ill") >= ALERTS_WHEN_ILL, lambda: f"alerts: {ALERTS_WHEN_ILL - of('ill')}", 30)
    assert of("well") == set()


def test_promtool_takes_what_is_scraped(stand):
    assert promtool("check", "metrics", text=scrape(stand.ill)) == ""


def test_promtool_takes_the_rules():
    if programs := prometheus_module.missing():
        missing(", ".join(programs))
    promtool("check", "rules", *RULES)
    promtool("test", "rules", *sorted((FOLDER / "tests").glob("*.yaml")))


def test_promtool_takes_the_readme_s_configuration(tmp_path):
    if programs := prometheus_module.missing():
        missing(", ".join(programs))
    text = next(each for each in re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL) if "scrape_configs" in each)
    (tmp_path / "prometheus.yml").write_text(text)
    for path in RULES:
        shutil.copy(path, tmp_path)
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_every_alert_has_a_case_that_fires_and_a_paragraph():
    files = [yaml.safe_load(path.read_text()) for path in (FOLDER / "tests").glob("*.yaml")]
    cases = [case for file in files for test in file["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts().keys()
    paragraphs = re.findall(r"^### (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(paragraphs) == sorted(alerts())
    for name, alert in alerts().items():
        assert alert["annotations"].keys() == {"summary", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert alert["labels"]["severity"] in ["critical", "warning"], name


def test_links_in_the_runbook_lead_somewhere():
    text = (ROOT / "docs" / "runbook.md").read_text()
    anchors = {heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = link.partition("#")
        assert (ROOT / "docs" / file).exists() if file else anchor in anchors, link
    titles = {panel["title"] for path in DASHBOARDS for panel in panels(path)}
    names = {json.loads(path.read_text())["title"].removeprefix("Portcullis / ") for path in DASHBOARDS}
    for quoted in re.findall(r'"([A-Z][^"]+)"', " ".join(text.split())):
        assert quoted in titles | names, f"no panel is called {quoted}"


@ALL_DASHBOARDS
def test_a_dashboard_is_whole(path):
    dashboard = json.loads(path.read_text())
    assert dashboard["uid"] == f"portcullis-{path.stem}" and dashboard["tags"] == ["portcullis"]
    named = [variable["name"] for variable in dashboard["templating"]["list"]]
    assert named[:3] == ["datasource", "job", "instance"]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard))) - {"__all", "__range", "__rate_interval"}
    assert used == set(named)
    every = dashboard["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    assert len({panel["title"] for panel in panels(path)}) == len(panels(path))
    cells = [cell for panel in every for cell in taken(panel["gridPos"])]
    assert len(set(cells)) == len(cells), "panels lie over each other"
    for panel in panels(path):
        assert all([panel["title"], panel["description"], panel["fieldConfig"]["defaults"]["unit"]]), panel["title"]


def taken(place):
    assert place["x"] + place["w"] <= 24, place
    return [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]


def test_dashboards_are_of_grafana_s_types(tmp_path):
    if not shutil.which("node") or not (SCHEMA / "node_modules/@grafana/schema").exists():
        missing("@grafana/schema")
    (tmp_path / "node_modules").symlink_to(SCHEMA / "node_modules")
    shutil.copy(Path(__file__).with_name("dashboards.ts"), tmp_path)
    for path in DASHBOARDS:
        typed(tmp_path / f"{path.stem}.ts", json.loads(path.read_text()))
    overview = json.loads(DASHBOARDS[0].read_text())
    typed(tmp_path / "wrong-value.ts", overview | {"graphTooltip": 7})
    typed(tmp_path / "wrong-field.ts", overview | {"refreshing": "30s"})
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    command = ["node", "node_modules/typescript/bin/tsc", *options, *sorted(each.name for each in tmp_path.glob("*.ts"))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert {line.partition("(")[0] for line in done.stdout.splitlines()} == {"wrong-field.ts", "wrong-value.ts"}, done.stdout


def typed(path, dashboard):
    """Writes a dashboard as a program that compiles if it is one."""
    text = json.dumps(dashboard, indent=2)
    path.write_text(f"import type {{ Shipped }} from './dashboards';\nexport const shipped: Shipped = {text};\n")
