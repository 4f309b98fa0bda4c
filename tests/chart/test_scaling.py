"""The number of pods: by HorizontalPodAutoscaler, by KEDA, and how many a drain leaves."""

from typing import Any

import pytest

from tests.chart.rendering import CHART, Object, example, of_kind, one, render_error

KEDA: Object = {"enabled": True, "serverAddress": "http://prometheus:9090"}
CRON = {"type": "cron", "metadata": {"timezone": "UTC", "desiredReplicas": "1"}}
EXTERNAL = {"type": "External", "external": {}}


def test_autoscaling_replaces_the_replica_count() -> None:
    values = {"autoscaling": {"enabled": True}, "replicaCount": 7}
    assert "replicas" not in one("Deployment", values)["spec"]
    spec = one("HorizontalPodAutoscaler", values)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    (metric,) = spec["metrics"]
    assert metric["resource"]["name"] == "cpu"


def test_autoscaling_accepts_other_metrics() -> None:
    metric: Object = {"type": "Pods", "pods": {}}
    scaling = {
        "enabled": True,
        "targetCPUUtilizationPercentage": None,
        "targetMemoryUtilizationPercentage": 70,
        "metrics": [metric],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
    }
    spec = one("HorizontalPodAutoscaler", {"autoscaling": scaling})["spec"]
    assert [each.get("resource", {}).get("name") for each in spec["metrics"]] == [
        "memory",
        None,
    ]
    assert spec["behavior"] == scaling["behavior"]


@pytest.mark.parametrize(
    ("values", "budget"),
    [
        ({"replicaCount": 1}, None),
        ({"replicaCount": 0}, None),
        ({"replicaCount": 2}, {"maxUnavailable": 1}),
        ({"replicaCount": 2, "podDisruptionBudget": {"enabled": False}}, None),
        ({"replicaCount": 2, "podDisruptionBudget": {"minAvailable": 0}}, {"minAvailable": 0}),
        (
            {"replicaCount": 2, "podDisruptionBudget": {"maxUnavailable": "25%"}},
            {"maxUnavailable": "25%"},
        ),
        ({"autoscaling": {"enabled": True}}, {"maxUnavailable": 1}),
        ({"autoscaling": {"enabled": True, "minReplicas": 1}, "replicaCount": 3}, None),
        ({"keda": KEDA}, {"maxUnavailable": 1}),
        ({"keda": {**KEDA, "minReplicas": 1}, "replicaCount": 3}, None),
    ],
)
def test_disruption_budget_requires_more_than_one_pod(
    values: Object, budget: Object | None
) -> None:
    found = of_kind("PodDisruptionBudget", values)
    assert len(found) == (budget is not None)
    if budget is not None:
        spec = found[0]["spec"]
        assert {key: spec.get(key) for key in budget} == budget
        assert ("minAvailable" in spec) != ("maxUnavailable" in spec)
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.parametrize(
    "metric", [EXTERNAL, {"type": "Object", "object": {}}], ids=["External", "Object"]
)
def test_autoscaling_to_zero_requires_a_metric_that_exists_without_pods(metric: Object) -> None:
    scaling = {"enabled": True, "minReplicas": 0, "metrics": [metric]}
    assert one("HorizontalPodAutoscaler", {"autoscaling": scaling})["spec"]["minReplicas"] == 0
    scaling["metrics"] = [{"type": "Pods", "pods": {}}]
    message = render_error({"autoscaling": scaling})
    assert "autoscaling.minReplicas 0 requires a metric of type External or Object" in message


def test_scaled_object_replaces_the_replica_count() -> None:
    values = {"keda": KEDA, "replicaCount": 7}
    assert "replicas" not in one("Deployment", values)["spec"]
    assert of_kind("HorizontalPodAutoscaler", values) == []
    spec = one("ScaledObject", values)["spec"]
    assert spec["scaleTargetRef"]["name"] == one("Deployment", values)["metadata"]["name"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 10)
    assert "idleReplicaCount" not in spec


def test_scaled_object_queries_the_saturation_of_this_release() -> None:
    values = {"keda": {**KEDA, "threshold": 0.5}, "namespaceOverride": "other"}
    (trigger,) = one("ScaledObject", values)["spec"]["triggers"]
    assert trigger == {
        "type": "prometheus",
        "metadata": {
            "serverAddress": "http://prometheus:9090",
            "query": "sum(avg_over_time(ml_rest_api_saturation"
            '{namespace="other",service="demo-ml-rest-api"}[1m]))',
            "threshold": "0.5",
            "activationThreshold": "0",
            "ignoreNullValues": "false",
        },
    }


def test_scaled_object_has_all_options_of_the_values() -> None:
    keda: Object = {
        **KEDA,
        "labels": {"a": "b"},
        "annotations": {"c": "d"},
        "minReplicas": 3,
        "idleReplicas": 0,
        "query": "sum(up)",
        "authenticationRef": {"name": "prometheus"},
        "triggers": [CRON],
        "fallback": {"failureThreshold": 3, "replicas": 4},
        "advanced": {"restoreToOriginalReplicaCount": True},
    }
    found = one("ScaledObject", {"keda": keda})
    assert found["metadata"]["labels"]["a"] == "b"
    assert found["metadata"]["annotations"] == {"c": "d"}
    spec = found["spec"]
    assert (spec["minReplicaCount"], spec["idleReplicaCount"]) == (3, 0)
    assert (spec["fallback"], spec["advanced"]) == (keda["fallback"], keda["advanced"])
    prometheus, cron = spec["triggers"]
    assert prometheus["metadata"]["query"] == "sum(up)"
    assert prometheus["authenticationRef"] == {"name": "prometheus"}
    assert cron == CRON


def test_missing_data_is_no_error_if_there_may_be_no_pods() -> None:
    for count in ({"minReplicas": 0}, {"idleReplicas": 0}):
        keda = {**KEDA, **count, "query": "sum(up)"}
        (trigger,) = one("ScaledObject", {"keda": keda})["spec"]["triggers"]
        assert trigger["metadata"]["ignoreNullValues"] == "true"


def test_scaling_to_zero_is_possible_without_prometheus() -> None:
    spec = one("ScaledObject", {"keda": {"enabled": True, "minReplicas": 0, "triggers": [CRON]}})[
        "spec"
    ]
    assert (spec["minReplicaCount"], spec["triggers"]) == (0, [CRON])


@pytest.mark.parametrize(("length", "named"), [(54, False), (55, True)])
def test_name_of_kedas_autoscaler_fits(length: int, named: bool) -> None:
    name = "a" * length
    behavior: Any = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    advanced = {"horizontalPodAutoscalerConfig": {"behavior": behavior}}
    spec = one("ScaledObject", {"keda": {**KEDA, "advanced": advanced}, "fullnameOverride": name})
    config = spec["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
    assert config == {"behavior": behavior} | ({"name": name} if named else {})


def test_flagger_finds_one_label_the_port_and_the_autoscaler() -> None:
    values = example(CHART / "ci" / "flagger-values.yaml")
    canary = one("Canary", values)
    spec, deployment = canary["spec"], one("Deployment", values)
    assert spec["targetRef"]["name"] == deployment["metadata"]["name"]
    assert (
        spec["autoscalerRef"]["name"] == one("HorizontalPodAutoscaler", values)["metadata"]["name"]
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert spec["service"]["targetPort"] in [port["name"] for port in container["ports"]]
    # The label by which Flagger selects pods.
    assert deployment["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] == "fraud"
    template = one("MetricTemplate", values)
    assert spec["analysis"]["metrics"][0]["templateRef"]["name"] == template["metadata"]["name"]
    assert 'pod=~"{{ target }}-[^-]+-[^-]+"' in template["spec"]["query"]
