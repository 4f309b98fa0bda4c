"""The pods of the Deployment: image, probes, termination, scheduling."""

from typing import Any

import pytest

from tests.chart.rendering import Object, container, of_kind, one, pod, pod_specs, render

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({}, "ml-rest-api:1.0.0"),
        ({"image": {"tag": "dev"}}, "ml-rest-api:dev"),
        ({"image": {"tag": f"dev@{DIGEST}"}}, f"ml-rest-api:dev@{DIGEST}"),
        ({"image": {"tag": "dev@"}}, "ml-rest-api:dev"),
        ({"image": {"tag": f"@{DIGEST}"}}, f"ml-rest-api@{DIGEST}"),
        ({"image": {"digest": DIGEST}}, f"ml-rest-api:1.0.0@{DIGEST}"),
        ({"image": {"tag": "dev@sha256:00", "digest": DIGEST}}, f"ml-rest-api:dev@{DIGEST}"),
        ({"image": {"registry": "a.example.com:5000"}}, "a.example.com:5000/ml-rest-api:1.0.0"),
        ({"global": {"imageRegistry": "b.example.com/"}}, "b.example.com/ml-rest-api:1.0.0"),
        (
            {"image": {"registry": "a"}, "global": {"imageRegistry": "b"}},
            "a/ml-rest-api:1.0.0",
        ),
    ],
)
def test_image_reference_combines_its_parts(values: Object, image: str) -> None:
    model = {"model": {"uri": "s3://models/a", "sha256": "ab" * 32}}
    found = [
        each["image"]
        for spec in pod_specs(render(values | model))
        for each in spec.get("initContainers", []) + spec["containers"]
    ]
    assert found == [image] * 3  # of the init container, the service and `helm test`


def test_pull_secrets_are_merged() -> None:
    values = {
        "global": {"imagePullSecrets": ["a", {"name": "b"}]},
        "imagePullSecrets": [{"name": "b"}, {"name": "c"}],
    }
    for spec in pod_specs(render(values)):
        assert [each["name"] for each in spec["imagePullSecrets"]] == ["a", "b", "c"]


def test_probes_use_the_matching_endpoints() -> None:
    served = container()
    paths = {
        name: served[name]["httpGet"]["path"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/api/liveness",
        "livenessProbe": "/api/liveness",
        "readinessProbe": "/api/readiness",
    }


def allowed_seconds(probe: Object) -> int:
    return int(probe["failureThreshold"] * probe["periodSeconds"])


def test_model_that_loads_for_minutes_is_not_killed() -> None:
    served = container()
    assert allowed_seconds(served["startupProbe"]) >= 180
    assert allowed_seconds(served["livenessProbe"]) >= 300
    assert allowed_seconds(served["readinessProbe"]) <= 10


def test_stalled_rollout_fails_before_helm_stops_waiting() -> None:
    assert one("Deployment")["spec"]["progressDeadlineSeconds"] < 300


@pytest.mark.parametrize("seconds", [1, 601, 3600])
def test_load_timeout_sets_startup_probe_and_progress_deadline(seconds: int) -> None:
    values = {"model": {"loadTimeoutSeconds": seconds}}
    assert 0 <= allowed_seconds(container(values)["startupProbe"]) - seconds < 2
    assert one("Deployment", values)["spec"]["progressDeadlineSeconds"] == seconds + 60


def test_probes_can_be_replaced() -> None:
    command = {"command": ["true"]}
    values = {
        "startupProbe": {"exec": command, "periodSeconds": 1, "failureThreshold": 7},
        "livenessProbe": None,
        "readinessProbe": {"tcpSocket": {"port": "http"}},
    }
    served = container(values)
    assert served["startupProbe"] == {
        "exec": command,
        "periodSeconds": 1,
        "timeoutSeconds": 5,
        "failureThreshold": 7,
    }
    assert "livenessProbe" not in served
    assert "httpGet" not in served["readinessProbe"]


def test_new_pod_must_stay_ready_unless_that_is_disabled() -> None:
    assert one("Deployment")["spec"]["minReadySeconds"] == 10
    # Not 0: Kubernetes does not store it, and server-side apply would report a conflict.
    assert "minReadySeconds" not in one("Deployment", {"minReadySeconds": 0})["spec"]


def test_pod_sleeps_before_it_terminates() -> None:
    assert container()["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}


def test_custom_hook_replaces_the_sleep() -> None:
    hook = {"exec": {"command": ["true"]}}
    lifecycle = container({"lifecycle": {"preStop": hook, "postStart": hook}})["lifecycle"]
    assert lifecycle == {"preStop": hook, "postStart": hook}


def test_rollout_keeps_old_pods_until_new_pods_are_ready() -> None:
    strategy = one("Deployment")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_recreate_strategy_omits_the_rolling_update_fields() -> None:
    values = {"strategy": {"type": "Recreate"}}
    assert one("Deployment", values)["spec"]["strategy"] == {"type": "Recreate"}


def test_termination_message_falls_back_to_the_log() -> None:
    values = {"model": {"initContainer": {"image": "a"}}}
    for spec in pod_specs(render(values)):
        for each in spec["containers"] + spec.get("initContainers", []):
            assert each["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_selector_contains_only_name_and_instance() -> None:
    values = {
        "commonLabels": {"a": "b", "app.kubernetes.io/name": "other"},
        "podLabels": {"c": "d", "app.kubernetes.io/instance": "other"},
    }
    spec = one("Deployment", values)["spec"]
    selector = {"app.kubernetes.io/name": "ml-rest-api", "app.kubernetes.io/instance": "demo"}
    assert spec["selector"]["matchLabels"] == selector
    assert one("Service", values)["spec"]["selector"] == selector
    assert spec["template"]["metadata"]["labels"] == selector | {"a": "b", "c": "d"}


def test_pods_of_a_revision_are_spread_across_nodes() -> None:
    (constraint,) = pod()["topologySpreadConstraints"]
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    assert constraint["matchLabelKeys"] == ["pod-template-hash"]
    labels = one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


def test_topology_spread_can_be_changed_and_disabled() -> None:
    custom: Object = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    (constraint,) = pod({"topologySpreadConstraints": [custom]})["topologySpreadConstraints"]
    assert constraint.items() >= custom.items()
    assert "matchLabels" in constraint["labelSelector"]
    selected = custom | {"labelSelector": {"matchLabels": {"a": "b"}}}
    (constraint,) = pod({"topologySpreadConstraints": [selected]})["topologySpreadConstraints"]
    assert constraint == selected
    assert "topologySpreadConstraints" not in pod({"topologySpread": {"enabled": False}})


def test_service_account_can_be_created_or_named() -> None:
    assert one("ServiceAccount")["metadata"]["name"] == "demo-ml-rest-api"
    assert pod()["serviceAccountName"] == "demo-ml-rest-api"
    values: Object = {"serviceAccount": {"create": False}}
    assert of_kind("ServiceAccount", values) == []
    assert pod(values)["serviceAccountName"] == "default"
    values = {"serviceAccount": {"create": False, "name": "models"}}
    assert pod(values)["serviceAccountName"] == "models"


PASSED_ON: dict[str, Any] = {
    "nodeSelector": {"a": "b"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
    "runtimeClassName": "nvidia",
    "dnsConfig": {"nameservers": ["192.0.2.1"]},
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["a"]}],
}


@pytest.mark.parametrize("key", PASSED_ON)
def test_pod_fields_are_passed_on(key: str) -> None:
    assert pod({key: PASSED_ON[key]})[key] == PASSED_ON[key]
    assert key not in pod()


def test_extra_containers_are_added_to_the_pod() -> None:
    values = {
        "model": {"initContainer": {"image": "a"}},
        "extraInitContainers": [{"name": "first", "image": "b"}],
        "extraContainers": [{"name": "beside", "image": "c"}],
    }
    spec = pod(values)
    assert [each["name"] for each in spec["initContainers"]] == ["first", "model"]
    assert [each["name"] for each in spec["containers"]] == ["ml-rest-api", "beside"]


def test_only_tmp_is_writable() -> None:
    assert pod()["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}]
    assert container()["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


def test_annotations_are_set_on_pods_and_deployment() -> None:
    values = {"podAnnotations": {"a": "b"}, "deploymentAnnotations": {"c": "d"}}
    deployment = one("Deployment", values)
    assert deployment["metadata"]["annotations"] == {"c": "d"}
    assert deployment["spec"]["template"]["metadata"]["annotations"]["a"] == "b"
