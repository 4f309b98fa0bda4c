"""Connections to the service, and connections that it can open."""

import pytest

from tests.chart.rendering import Object, one

BACKEND = {"name": "demo-ml-rest-api", "port": 8888}
SHA256 = "ab" * 32


def test_default_ingress_exposes_only_the_api_on_every_host() -> None:
    (rule,) = one("Ingress", {"ingress": {"enabled": True}})["spec"]["rules"]
    assert "host" not in rule
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/api", "Prefix")
    backend = {"service": {"name": "demo-ml-rest-api", "port": {"name": "http"}}}
    assert path["backend"] == backend


def test_ingress_hosts_paths_and_tls_can_be_set() -> None:
    tls = [{"hosts": ["a.example.com"], "secretName": "a"}]
    hosts = [
        {"host": "a.example.com", "paths": [{"path": "/", "pathType": "Exact"}]},
        {"host": "b.example.com"},
    ]
    ingress = {"enabled": True, "className": "nginx", "hosts": hosts, "tls": tls}
    spec = one("Ingress", {"ingress": ingress})["spec"]
    assert (spec["ingressClassName"], spec["tls"]) == ("nginx", tls)
    assert [
        (rule["host"], rule["http"]["paths"][0]["path"], rule["http"]["paths"][0]["pathType"])
        for rule in spec["rules"]
    ] == [("a.example.com", "/", "Exact"), ("b.example.com", "/api", "Prefix")]


def test_http_route_routes_the_api_to_the_service() -> None:
    route = {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["a.example.com"]}
    found = one("HTTPRoute", {"httpRoute": route})
    assert found["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert found["spec"] == {
        "parentRefs": [{"name": "public"}],
        "hostnames": ["a.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/api"}}],
                "backendRefs": [BACKEND],
            }
        ],
    }


def test_http_route_rules_can_have_other_backends() -> None:
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}
    rules: list[Object] = [
        {"filters": [redirect], "backendRefs": []},
        {"timeouts": {"request": "10s"}},
        {"backendRefs": [{"name": "other", "port": 80}]},
    ]
    route = {"enabled": True, "parentRefs": [{"name": "public"}], "rules": rules}
    found = one("HTTPRoute", {"httpRoute": route})["spec"]["rules"]
    assert found == [rules[0], {**rules[1], "backendRefs": [BACKEND]}, rules[2]]


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
