"""Connections that the NetworkPolicy allows."""

import pytest

from tests.chart.rendering import Object, one

SHA256 = "ab" * 32
CALLERS: Object = {"namespaceSelector": {"matchLabels": {"a": "callers"}}}
PROMETHEUS: Object = {"namespaceSelector": {"matchLabels": {"a": "monitoring"}}}


def test_network_policy_allows_ingress_to_the_service_port_only() -> None:
    spec = one("NetworkPolicy", {"networkPolicy": {"enabled": True}})["spec"]
    assert spec["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]
    assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_network_policy_allows_helm_test() -> None:
    peer: Object = {"namespaceSelector": {}}
    values = {"networkPolicy": {"enabled": True, "ingressFrom": [peer]}}
    (rule,) = one("NetworkPolicy", values)["spec"]["ingress"]
    assert rule["from"][0] == peer
    selected = rule["from"][1]["podSelector"]["matchLabels"]
    assert selected.items() <= one("Pod", values)["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("port", "peers", "http", "metrics"),
    [
        (None, {"metricsFrom": [PROMETHEUS]}, None, None),
        (
            None,
            {"ingressFrom": [CALLERS], "metricsFrom": [PROMETHEUS]},
            [CALLERS, PROMETHEUS],
            None,
        ),
        (9090, {"ingressFrom": [CALLERS], "metricsFrom": [PROMETHEUS]}, [CALLERS], [PROMETHEUS]),
        (9090, {"metricsFrom": [PROMETHEUS]}, None, [PROMETHEUS]),
        (9090, {"ingressFrom": [CALLERS]}, [CALLERS], [CALLERS]),
        (9090, {}, None, None),
    ],
)
def test_network_policy_allows_prometheus_to_the_metrics(
    port: int | None, peers: Object, http: list[Object] | None, metrics: list[Object] | None
) -> None:
    values = {"metrics": {"port": port}, "networkPolicy": {"enabled": True, **peers}}
    rules = one("NetworkPolicy", values)["spec"]["ingress"]
    assert [rule["ports"][0]["port"] for rule in rules] == ["http", "metrics"][: 1 + bool(port)]
    found = [rule.get("from") for rule in rules]
    assert (found[0] and found[0][:-1]) == http  # the last one is `helm test`
    assert found[1:] == ([metrics] if port else [])


def test_network_policy_allows_dns_of_the_cluster_only() -> None:
    peers = one("NetworkPolicy", {"networkPolicy": {"enabled": True}})["spec"]["egress"][0]["to"]
    assert peers == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
        {"ipBlock": {"cidr": "169.254.20.10/32"}},
    ]
    values = {"networkPolicy": {"enabled": True, "dnsTo": []}}
    assert "to" not in one("NetworkPolicy", values)["spec"]["egress"][0]


@pytest.mark.parametrize(
    ("uri", "ports"),
    [
        ("", [53, 53]),
        ("https://a.example.com/b", [53, 53, 443]),
        ("http://a.example.com/b", [53, 53, 80]),
        ("http://minio:9000/b", [53, 53, 9000]),
        ("https://user:1234@a.example.com/b:7", [53, 53, 443]),
        ("s3://models/b", [53, 53, 443]),
        ("gs://models/b", [53, 53, 443]),
        ("file:///archive/b", [53, 53]),
        ("/archive/b", [53, 53]),
    ],
)
def test_network_policy_allows_egress_to_dns_and_the_model_uri(uri: str, ports: list[int]) -> None:
    model = {"uri": uri, "sha256": SHA256} if uri else {}
    values: Object = {"networkPolicy": {"enabled": True}, "model": model}
    egress = one("NetworkPolicy", values)["spec"]["egress"]
    assert [port["port"] for rule in egress for port in rule["ports"]] == ports


def test_network_policy_accepts_additional_egress_rules() -> None:
    rule: Object = {"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}
    values = {"networkPolicy": {"enabled": True, "egress": [rule]}}
    assert one("NetworkPolicy", values)["spec"]["egress"][-1] == rule
