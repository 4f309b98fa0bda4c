"""The PrometheusRule and the dashboard's ConfigMap; tests/chart/test_alerts.py has the rules run."""

import json
import re
from typing import Any

import pytest
import yaml

from scripts.dashboard import dashboard
from tests.chart.rendering import CHART, ROOT, Object, of_kind, one, render_error

METRIC = re.compile(r"\b(?:ml_rest_api[\w:]*|up)(?P<selector>\{[^}]*\})?")


def rule(values: Object | None = None, **options: Any) -> Object:
    return one("PrometheusRule", {"prometheusRule": {"enabled": True, **(values or {})}}, **options)


def alerts(values: Object | None = None, **options: Any) -> dict[str, Object]:
    groups = rule(values, **options)["spec"]["groups"]
    return {each["alert"]: each for group in groups for each in group["rules"] if "alert" in each}


def dashboard_map(values: Object | None = None, **options: Any) -> Object:
    enabled = {"grafanaDashboard": {"enabled": True, **(values or {})}}
    return one("ConfigMap", enabled, **options)


def test_each_alert_says_what_to_do() -> None:
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert "{{ $labels.job }}" in alert["annotations"]["summary"], name
        assert alert["annotations"]["description"].endswith("."), name
        assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"


def test_each_alert_has_its_runbook_and_the_reverse() -> None:
    text = (ROOT / "docs/runbooks.md").read_text()
    assert re.findall(r"^## (MlRestApi\w+)$", text, re.MULTILINE) == list(alerts())


def test_runbooks_can_be_elsewhere() -> None:
    found = alerts({"runbookUrl": "https://wiki.example.com/models"})["MlRestApiSlow"]
    assert found["annotations"]["runbook_url"] == "https://wiki.example.com/models#mlrestapislow"


def test_schema_knows_every_alert() -> None:
    properties = json.loads((CHART / "values.schema.json").read_text())["properties"]
    known = properties["prometheusRule"]["properties"]["disabled"]["items"]["enum"]
    assert known == list(alerts())


def test_alerts_can_be_disabled() -> None:
    assert alerts().keys() - alerts({"disabled": ["MlRestApiDrift"]}) == {"MlRestApiDrift"}
    misspelled = {"prometheusRule": {"enabled": True, "disabled": ["MlRestApiDirft"]}}
    assert "/prometheusRule/disabled/0" in render_error(misspelled)


def test_rules_select_the_metrics_of_their_release_alone() -> None:
    expected = 'namespace="models", job="demo-ml-rest-api"'
    for group in rule()["spec"]["groups"]:
        for each in group["rules"]:
            for metric in METRIC.finditer(each["expr"]):
                assert expected in (metric["selector"] or ""), metric[0]


def test_metrics_can_have_another_job() -> None:
    expr = alerts({"job": "models/fraud"})["MlRestApiSlow"]["expr"]
    assert '{namespace="models", job="models/fraud"}' in expr
    expr = alerts({"namespace": "monitoring"}, name="blue")["MlRestApiSlow"]["expr"]
    assert '{namespace="models", job="blue-ml-rest-api"}' in expr


def test_thresholds_are_values() -> None:
    found = alerts(
        {
            "errorRatio": 0.001,
            "refusedRatio": "0.5",
            "p99Seconds": 3,
            "saturation": 1,
            "psi": 0.25,
            "for": "1h30m",
        }
    )
    names = ("Errors", "Refused", "Slow", "Saturated", "Drift")
    limits = [found[f"MlRestApi{name}"]["expr"].rpartition("> ")[2] for name in names]
    assert limits == ["0.001", "0.5", "3", "1", "0.25"]
    assert found["MlRestApiSlow"]["for"] == "1h30m"


def test_a_pod_may_load_as_long_as_its_model_may() -> None:
    values = {"prometheusRule": {"enabled": True}, "model": {"loadTimeoutSeconds": 600}}
    (group, _) = one("PrometheusRule", values)["spec"]["groups"]
    waits = {each["alert"]: each["for"] for each in group["rules"]}
    assert (waits["MlRestApiNotReady"], waits["MlRestApiNoReadyPod"]) == ("660s", "2m")
    (group, _) = one("PrometheusRule", {**values, "strategy": {"type": "Recreate"}})["spec"][
        "groups"
    ]
    assert group["rules"][0]["for"] == "660s"


def test_rule_has_the_operators_own_labels_and_rules() -> None:
    own = {"alert": "Mine", "expr": "vector(1)"}
    values = {
        "namespace": "monitoring",
        "labels": {"release": "prometheus"},
        "annotations": {"a": "b"},
        "alertLabels": {"team": "fraud", "severity": "page"},
        "additionalRules": [own],
    }
    found = rule(values)
    assert found["metadata"]["namespace"] == "monitoring"
    assert found["metadata"]["labels"]["release"] == "prometheus"
    assert found["metadata"]["annotations"] == {"a": "b"}
    assert own in found["spec"]["groups"][0]["rules"]
    assert alerts(values)["MlRestApiSlow"]["labels"] == {"severity": "warning", "team": "fraud"}


@pytest.mark.parametrize(
    ("key", "value"), [("for", "soon"), ("errorRatio", 5), ("psi", "high"), ("p99", 1)]
)
def test_wrong_values_are_errors(key: str, value: Any) -> None:
    assert key in render_error({"prometheusRule": {"enabled": True, key: value}})


def test_dashboard_is_a_config_map_that_grafanas_sidecar_finds() -> None:
    found = dashboard_map()
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert "annotations" not in found["metadata"]
    (text,) = found["data"].values()
    assert json.loads(text) == json.loads(dashboard())
    values = {"folder": "Models", "namespace": "monitoring", "labels": {"grafana": "yes"}}
    metadata = dashboard_map(values)["metadata"]
    assert metadata["annotations"] == {"grafana_folder": "Models"}
    assert metadata["namespace"] == "monitoring"
    assert metadata["labels"]["grafana"] == "yes"


def test_dashboard_of_two_releases_is_one_file() -> None:
    red, blue = (dashboard_map(name=name) for name in ("red", "blue"))
    assert red["metadata"]["name"] != blue["metadata"]["name"]
    assert red["data"] == blue["data"]


def test_nothing_of_it_is_created_by_default() -> None:
    assert of_kind("PrometheusRule") + of_kind("ConfigMap") == []
    kustomization = yaml.safe_load((ROOT / "k8s/kustomization.yaml").read_text())
    assert "prometheusrule.yaml" not in kustomization["resources"]
