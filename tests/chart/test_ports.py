"""The Service, which can be off, and the port of /metrics."""

import pytest

from tests.chart.rendering import Object, container, env, of_kind, one, render_texts

METRICS: Object = {"metrics": {"port": 9090}}
ON: Object = {
    "serviceMonitor": {"enabled": True},
    "networkPolicy": {"enabled": True},
}


@pytest.mark.parametrize(
    "values",
    [
        METRICS,
        {"settings": {"METRICS_PORT": 9090}},
        {**METRICS, "settings": {"METRICS_PORT": "9090"}},
    ],
)
def test_metrics_have_a_port_of_their_own(values: Object) -> None:
    values = {**values, **ON}
    served = container(values)
    assert env(served)["METRICS_PORT"] == "9090"
    assert served["ports"] == [
        {"name": "http", "containerPort": 8888, "protocol": "TCP"},
        {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
    ]
    assert one("Service", values)["spec"]["ports"][1] == {
        "name": "metrics",
        "port": 9090,
        "targetPort": "metrics",
        "protocol": "TCP",
    }
    (endpoint,) = one("ServiceMonitor", values)["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("metrics", "/metrics")
    rules = one("NetworkPolicy", values)["spec"]["ingress"]
    assert [rule["ports"][0]["port"] for rule in rules] == ["http", "metrics"]


@pytest.mark.parametrize(
    "values", [{}, {"metrics": {"port": 0}}, {"settings": {"METRICS_PORT": None}}]
)
def test_metrics_are_on_the_port_of_the_api_by_default(values: Object) -> None:
    values = {**values, **ON}
    served = container(values)
    assert env(served)["METRICS_PORT"] == "0"
    assert [port["name"] for port in served["ports"]] == ["http"]
    assert [port["name"] for port in one("Service", values)["spec"]["ports"]] == ["http"]
    (endpoint,) = one("ServiceMonitor", values)["spec"]["endpoints"]
    assert endpoint["port"] == "http"
    assert len(one("NetworkPolicy", values)["spec"]["ingress"]) == 1


def test_without_a_service_nothing_refers_to_it() -> None:
    values = {"service": {"enabled": False}}
    assert of_kind("Service", values) == []
    assert of_kind("Pod", values) == []  # of `helm test`
    notes = render_texts(values)["NOTES.txt"]
    assert "port-forward deployment/demo-ml-rest-api 8888:8888" in notes
    assert "service.enabled is false" in notes
    for text in (".svc", "service/", "helm test", "other servers"):
        assert text not in notes
