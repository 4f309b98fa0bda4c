"""What a real Prometheus tells of real services: each query of the dashboard and of the alerts."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
import requests
import yaml

from scripts.dashboard import dashboard
from tests.chart.rendering import Object, one
from tests.observability.scraped import BATCH, Scraped, scraped_services
from tests.prometheus import WINDOW, promtool, skip_without_prometheus

skip_without_prometheus()

# Panels without data, because these models have no profile: test_prometheus_drift.py has one.
DRIFT = ("Population stability index", "Distribution of $parameter", "Distribution of the answer")


def rules(values: Object | None = None) -> Object:
    enabled = {"prometheusRule": {"enabled": True, **(values or {})}}
    spec: Object = one("PrometheusRule", enabled)["spec"]
    return spec


def alert(name: str, **values: float) -> str:
    (found,) = [
        each["expr"] for each in rules(values)["groups"][0]["rules"] if each["alert"] == name
    ]
    return str(found)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    folder = tmp_path_factory.mktemp("scraped")
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump(rules()))
    with scraped_services(folder, file) as found:
        yield found


def test_every_query_of_the_dashboard_is_valid_and_answered(scraped: Scraped) -> None:
    for panel in json.loads(dashboard())["panels"]:
        for number in range(len(panel.get("targets", []))):
            found = scraped.prometheus.panel(panel["title"], number)
            assert bool(found) != (panel["title"] in DRIFT), panel["title"]


def test_model(scraped: Scraped) -> None:
    panel = scraped.prometheus.panel
    assert panel("Ready pods") == {(): 2}
    assert panel("Failed self-tests") == {(): 1}
    states = {"state=ready": 2, "state=failed": 1, "state=loading": 0, "state=draining": 0}
    assert panel("Pods by state") == {(state,): count for state, count in states.items()}
    models = {labels[1:]: count for labels, count in panel("Pods by model").items()}
    sha256 = scraped.pods["a"].get("/metrics").text.partition('sha256="')[2][:64]
    assert models["name=ml_trained_model", f"sha256={sha256}", "version=7"] == 1
    versions = Counter(labels[-1] for labels in models)  # the log beside it makes a model another
    assert versions == {"version=7": 2, "version=unknown": 1}
    times = panel("Time to load")
    assert all(0 < seconds < 30 for seconds in times.values())
    assert {"pod=a", "pod=b"} <= {pod for _, pod in times}


def test_traffic(scraped: Scraped) -> None:
    codes = {f"code={code}": count for code, count in scraped.codes.items()}
    found = scraped.prometheus.panel("Requests by status code")
    assert found == {(code,): scraped.approx(count) for code, count in codes.items()}
    assert {code: scraped.codes[code] for code in (400, 422, 500)} == {400: 20, 422: 20, 500: 20}
    assert scraped.codes[200] > 20
    assert scraped.codes[503] > 0
    found = scraped.prometheus.panel("Requests by path")
    assert found == {
        (f"path={path}",): scraped.approx(count) for path, count in scraped.paths.items()
    }
    rows = scraped.prometheus.total("ml_rest_api_rows_total")
    assert rows >= 2 * BATCH + 22 + 22
    assert scraped.prometheus.panel("Rows predicted") == {(): scraped.approx(rows)}


def test_latency(scraped: Scraped) -> None:
    """Each quantile is at least what the model sleeps; how much more depends on the machine."""
    for number in range(3):
        answer, call, wait = (
            scraped.prometheus.panel(title, number)[()]
            for title in ("Answer", "One call of the model", "Wait for the model")
        )
        assert 0.01 < call < 5
        assert 0.01 < answer < 5
        assert 0 < wait < 5
    for name in ("model", "prediction"):
        average = f"sum(ml_rest_api_{name}_seconds_sum) / sum(ml_rest_api_{name}_seconds_count)"
        assert scraped.prometheus.total(average) > 0.015


def test_errors_and_refusals(scraped: Scraped) -> None:
    busy = scraped.prometheus.total('ml_rest_api_refused_total{reason="busy"}')
    share = scraped.codes[500] / scraped.codes.total()
    found = scraped.prometheus.panel("Share of requests with 500 or 504")
    assert found == {(): pytest.approx(share, rel=0.1)}
    assert scraped.prometheus.panel("Refused") == {
        ("reason=busy",): scraped.approx(busy),
        ("reason=invalid",): scraped.approx(22),
        ("reason=model",): scraped.approx(22),
        **{(f"reason={reason}",): 0 for reason in ("not_ready", "timed_out", "too_large")},
    }
    assert set(scraped.prometheus.panel("Restarts in an hour").values()) == {0}


def test_load(scraped: Scraped) -> None:
    def by_pod(title: str) -> dict[str, float]:
        found = scraped.prometheus.panel(title)
        return {pod.removeprefix("pod="): value for (_, pod), value in found.items()}

    assert by_pod("Saturation") == {"a": 0, "b": 0.5, "c": 0}
    assert by_pod("Pending") == {"a": 0, "b": 1, "c": 0}
    singles = 66 + 10  # about: those that the model refuses or fails for are among them
    size = (singles + 2 * BATCH) / (singles + 2)
    assert scraped.prometheus.panel("Batch size")[()] == pytest.approx(size, rel=0.3)
    busy = by_pod("Model threads in use")
    assert 0.015 * 30 < busy["a"] * WINDOW < 20
    assert busy["c"] == 0


def test_resources(scraped: Scraped) -> None:
    for title, low, high in [
        ("CPU", 0, 8),
        ("Memory", 2e7, 2e9),
        ("Open files", 3, 1000),
        ("Garbage collections", 0, 1000),
    ]:
        found = scraped.prometheus.panel(title)
        assert len(found) == 3
        assert all(low <= value < high for value in found.values()), (title, found)


def test_alerts(scraped: Scraped) -> None:
    def ask(name: str, **values: float) -> float:
        found = scraped.prometheus.ask(alert(name, **values))
        assert set(found) == {("job=demo-ml-rest-api", "namespace=models")}
        return found[next(iter(found))]

    assert ask("MlRestApiErrors", errorRatio=0) == pytest.approx(
        scraped.codes[500] / scraped.codes.total(), rel=0.1
    )
    busy = scraped.prometheus.total('ml_rest_api_refused_total{reason="busy"}')
    assert ask("MlRestApiRefused", refusedRatio=0) == pytest.approx(
        busy / scraped.codes.total(), rel=0.5
    )
    assert 0.01 < ask("MlRestApiSlow", p99Seconds=0) < 5
    assert 0 < ask("MlRestApiSaturated", saturation=0) < 0.5
    for name in ("MlRestApiNotReady", "MlRestApiSelfTestFailed"):
        ((labels, _),) = scraped.prometheus.ask(alert(name)).items()
        assert "pod=c" in labels
    assert scraped.prometheus.ask(alert("MlRestApiNoReadyPod")) == {}
    gone = alert("MlRestApiNoReadyPod").replace("demo-ml-rest-api", "gone")
    assert scraped.prometheus.ask(gone) == {("job=gone", "namespace=models"): 1}


def test_rules_run(scraped: Scraped) -> None:
    url = f"{scraped.prometheus.url}/api/v1/rules"
    groups = requests.get(url, timeout=20).json()["data"]["groups"]
    states = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert len(states) == 12
    assert set(states.values()) == {"ok"}


def test_metrics_follow_prometheus_conventions(scraped: Scraped) -> None:
    for server in scraped.pods.values():
        assert promtool("check", "metrics", stdin=server.get("/metrics").text) == ""
