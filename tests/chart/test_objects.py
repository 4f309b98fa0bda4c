"""The objects other than the pods."""

from typing import Any

import pytest
import yaml

from tests.chart.rendering import Object, of_kind, one, render, render_texts

SHA256 = "ab" * 32
INGRESS = {"enabled": True, "hosts": [{"host": "a.example.com"}, {"host": "b.example.com"}]}
ROUTE = {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["a.example.com"]}
EVERYTHING: Object = {
    "model": {"module": "#" * 200_000},
    "replicaCount": 2,
    "ingress": INGRESS,
    "httpRoute": ROUTE,
    "networkPolicy": {"enabled": True},
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
}


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("demo", "demo-ml-rest-api"),
        ("ml-rest-api", "ml-rest-api"),
        ("flask", "flask-ml-rest-api"),
        ("my-ml-rest-api-2", "my-ml-rest-api-2"),
    ],
)
def test_objects_are_named_after_release_and_chart(release: str, name: str) -> None:
    assert one("Service", name=release)["metadata"]["name"] == name
    assert one("Deployment", name=release)["metadata"]["name"] == name


def test_defaults_render_four_objects() -> None:
    kinds = {"Deployment", "Service", "ServiceAccount", "Pod"}
    for kind in ("ConfigMap", "Ingress", "HTTPRoute", "HorizontalPodAutoscaler", "NetworkPolicy",
                 "PodDisruptionBudget", "PrometheusRule", "ServiceMonitor"):  # fmt: skip
        assert of_kind(kind) == []
    assert all(of_kind(kind) for kind in kinds)


def test_service_can_be_a_node_port() -> None:
    values = {
        "service": {
            "type": "NodePort",
            "port": 80,
            "nodePort": 30888,
            "spec": {"externalTrafficPolicy": "Local"},
        }
    }
    spec = one("Service", values)["spec"]
    assert (spec["type"], spec["externalTrafficPolicy"]) == ("NodePort", "Local")
    assert spec["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "nodePort": 30888}
    ]


def test_helm_test_predicts_through_the_service() -> None:
    pod = one("Pod", {"service": {"port": 80}})
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["python", "-m", "app", "predict"]
    assert container["args"] == ["http://demo-ml-rest-api:80"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_namespace_of_all_objects_can_be_overridden() -> None:
    values = {**EVERYTHING, "namespaceOverride": "other"}
    found = {each["kind"]: each["metadata"].get("namespace") for each in render(values)}
    assert len(found) == 11
    assert set(found.values()) == {"other"}
    notes = render_texts(values)["NOTES.txt"]
    assert "kubectl --namespace other " in notes
    assert ".other.svc:" in notes
    assert {each["metadata"].get("namespace") for each in render(EVERYTHING)} == {None}
    check = one("Job", {"check": {"enabled": True}, "namespaceOverride": "other"})
    assert check["metadata"]["namespace"] == "other"


def test_service_monitor_can_be_in_another_namespace() -> None:
    values = {"serviceMonitor": {"enabled": True, "namespace": "monitoring"}}
    monitor = one("ServiceMonitor", values)
    assert monitor["metadata"]["namespace"] == "monitoring"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["models"]}


def test_extra_objects_are_rendered_as_templates() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "{{ .Release.Name }}-a"}}
    text = 'kind: ConfigMap\nmetadata:\n  name: {{ include "ml-rest-api.fullname" . }}\n'
    rendered = render_texts({"extraObjects": [secret, text]})["extraobjects.yaml"]
    objects = [each for each in yaml.safe_load_all(rendered) if each]
    assert [each["metadata"]["name"] for each in objects] == ["demo-a", "demo-ml-rest-api"]


def test_service_monitor_scrapes_the_service() -> None:
    monitor: dict[str, Any] = {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "interval": "15s",
        "scrapeTimeout": "5s",
        "relabelings": [{"action": "labelmap"}],
        "metricRelabelings": [{"action": "drop"}],
    }
    values = {"serviceMonitor": monitor}
    found = one("ServiceMonitor", values)
    assert found["apiVersion"] == "monitoring.coreos.com/v1"
    assert found["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = found["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    keys = ("interval", "scrapeTimeout", "relabelings", "metricRelabelings")
    assert {key: endpoint[key] for key in keys} == {key: monitor[key] for key in keys}
    service = one("Service", values)
    selected = found["spec"]["selector"]["matchLabels"]
    assert selected.items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["port-forward service/demo-ml-rest-api 8888:8888", "localhost:8888/api/"]),
        ({}, ["http://demo-ml-rest-api.models.svc:8888/api", "helm test demo --namespace models"]),
        (
            {},
            [
                "logs --prefix --all-containers --selector app.kubernetes.io/name=ml-rest-api",
                "describe replicasets --selector app.kubernetes.io/name=ml-rest-api",
                "model.loadTimeoutSeconds",
                "180 s",
            ],
        ),
        ({"model": {"module": "x"}}, ["given in the values"]),
        ({"model": {"existingConfigMap": "fraud"}}, ["ConfigMap fraud", "rollout restart"]),
        (
            {"settings": {"ROOT_PATH": "fraud/"}},
            ["http://localhost:8888/fraud/api/", ".svc:8888/api/model/predict"],
        ),
        (
            {"settings": {"ROOT_PATH": "/fraud"}, "ingress": INGRESS},
            ["  http://a.example.com/fraud/api/", "  http://b.example.com/fraud/api/"],
        ),
        (
            {"settings": {"PROTOCOLS": "v1, V2"}, "service": {"port": 80}},
            ["(v1, v2) use as their server:\n\n  http://demo-ml-rest-api.models.svc:80\n"],
        ),
        ({"ingress": {"enabled": True, "tls": [{"secretName": "a"}]}}, ["  https://ADDRESS/api/"]),
        ({"settings": {"ROOT_PATH": "/fraud"}, "httpRoute": ROUTE}, ["  a.example.com/fraud/api/"]),
        ({"httpRoute": {**ROUTE, "hostnames": []}}, ["  ADDRESS/api/"]),
    ],
)
def test_notes_describe_the_next_steps(values: Object, expected: list[str]) -> None:
    notes = render_texts(values)["NOTES.txt"]
    assert [text for text in expected if text not in notes] == []


def test_notes_do_not_name_protocols_that_are_off() -> None:
    assert "other servers" not in render_texts({"settings": {"PROTOCOLS": ""}})["NOTES.txt"]


def test_notes_do_not_reveal_a_signed_uri() -> None:
    model = {"uri": "https://a.example.com/b?signature=secret", "sha256": SHA256}
    assert "secret" not in render_texts({"model": model})["NOTES.txt"]
