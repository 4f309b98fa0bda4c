"""The rules and panels of drift, in a real Prometheus that scrapes a service with a profile."""

import json
import math
from collections.abc import Iterator

import pytest
import requests
import yaml

from tests.chart.rendering import one
from tests.helpers import eventually, serving, write_module
from tests.prometheus import Prometheus, prometheus, scraping, skip_without_prometheus

skip_without_prometheus()

MODEL = """
    def sample():
        return {"docks": 1.5, "kind": "a"}

    def run(row):
        return row["docks"] * 2
"""
PROFILE = {
    "input": {
        "docks": {"edges": [0, 1, 2], "shares": [0.5, 0.5]},
        "kind": {"categories": {"a": 0.75}, "unknown": 0.25},
    },
    "answer": {"": {"edges": [0, 2, 4], "shares": [0.5, 0.5]}},
}
# 225 of 250 in the second bin of the numbers, the categories as in the training data, nearly.
ROWS = [
    {"docks": 0.5 if number < 25 else 1.5, "kind": "b" if number < 62 else "a"}
    for number in range(250)
]
LABELS = ("job=demo-ml-rest-api", "namespace=models", "service=demo-ml-rest-api")


def psi(*shares: tuple[float, float]) -> float:
    return sum((now - then) * math.log(now / then) for now, then in shares)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("drift")
    write_module(folder, MODEL)
    (folder / "ml_trained_model.profile.json").write_text(json.dumps(PROFILE))
    rules = folder / "rules.yaml"
    spec = one("PrometheusRule", {"prometheusRule": {"enabled": True}})["spec"]
    rules.write_text(yaml.safe_dump(spec))
    with (
        serving(folder, WORKERS="2") as server,
        prometheus(folder / "prometheus", scraping({"a": server}, [rules])) as found,
    ):
        counted = "sum(ml_rest_api_profile_values_total)"
        eventually(lambda: found.ask(counted) == {(): 0})
        url = f"{server.url}/api/model/predict_batch"
        assert requests.post(url, json={"rows": ROWS}, timeout=30).status_code == 200
        eventually(lambda: found.total(counted) == 3 * len(ROWS))
        eventually(lambda: len(found.ask("ml_rest_api:drift_psi")) == 3)
        yield found


def test_index_of_each_name_is_recorded(scraped: Prometheus) -> None:
    moved = psi((0.1, 0.5), (0.9, 0.5))
    expected = {
        ("name=docks", "source=input"): pytest.approx(moved, abs=0.02),
        ("name=kind", "source=input"): pytest.approx(0, abs=0.01),
        ("source=answer",): pytest.approx(moved, abs=0.02),
    }
    assert scraped.panel("Population stability index") == expected
    recorded = scraped.ask('ml_rest_api:drift_psi{name="docks"}')
    assert set(recorded) == {("__name__=ml_rest_api:drift_psi", *LABELS[:1], "name=docks",
                              *LABELS[1:], "source=input")}  # fmt: skip


def test_distribution_is_shown_beside_that_of_the_training_data(scraped: Prometheus) -> None:
    now = shares(scraped, "Distribution of the answer", 0)
    assert {name: round(share, 2) for name, share in now.items() if share} == {"01": 0.1, "02": 0.9}
    then = shares(scraped, "Distribution of the answer", 1)
    assert {name: share for name, share in then.items() if share} == {"01": 0.5, "02": 0.5}
    assert now.keys() == then.keys()
    assert sum(shares(scraped, "Distribution of $parameter", 0).values()) == pytest.approx(1)
    assert shares(scraped, "Distribution of $parameter", 1)["a"] == 0.75


def shares(scraped: Prometheus, title: str, target: int) -> dict[str, float]:
    found = scraped.panel(title, target)
    return {label.removeprefix("bin="): share for (label,), share in found.items()}


def test_alert_of_drift_names_what_has_drifted(scraped: Prometheus) -> None:
    spec = one("PrometheusRule", {"prometheusRule": {"enabled": True}})["spec"]
    (expr,) = [
        each["expr"] for each in spec["groups"][0]["rules"] if each.get("alert") == "MlRestApiDrift"
    ]
    found = scraped.ask(expr)
    assert len(found) == 2
    assert all("name=kind" not in labels for labels in found)
