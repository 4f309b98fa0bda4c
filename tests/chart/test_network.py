"""The ways to the service: the Ingress, the HTTPRoute, the probes."""

import itertools
from pathlib import Path

import pytest

from tests.chart.rendering import Object, container, env, one
from tests.helpers import ECHO, make_app

BACKEND = {"name": "demo-ml-rest-api", "port": 8888}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
INVOCATIONS = ["/invocations", "/ping", "/health", "/version"]


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


ROOT_PATHS = [
    (None, "/api"),
    ("", "/api"),
    ("/", "/api"),
    ("/fraud", "/fraud/api"),
    ("fraud/", "/fraud/api"),
    ("/models/fraud", "/models/fraud/api"),
]


@pytest.mark.parametrize(("root", "path"), ROOT_PATHS)
def test_ingress_routes_the_api_under_the_root_path(root: str | None, path: str) -> None:
    ingress = {"enabled": True, "hosts": [{"host": "a.example.com"}, {"host": "b.example.com"}]}
    spec = one("Ingress", {"settings": {"ROOT_PATH": root}, "ingress": ingress})["spec"]
    found = [(each["path"], each["pathType"]) for r in spec["rules"] for each in r["http"]["paths"]]
    assert found == [(path, "Prefix")] * 2


@pytest.mark.parametrize(("root", "path"), ROOT_PATHS)
def test_http_route_routes_the_api_under_the_root_path(root: str | None, path: str) -> None:
    route = {"enabled": True, "parentRefs": [{"name": "public"}]}
    spec = one("HTTPRoute", {"settings": {"ROOT_PATH": root}, "httpRoute": route})["spec"]
    match = {"path": {"type": "PathPrefix", "value": path}}
    assert spec["rules"] == [{"matches": [match], "backendRefs": [BACKEND]}]


PROTOCOL_PATHS = [
    (None, ["/v1/models", "/v2", *INVOCATIONS]),
    ("v2", ["/v2"]),
    ("invocations, V1", [*INVOCATIONS, "/v1/models"]),
    ("v1,v1,", ["/v1/models"]),
    ("", []),
]


@pytest.mark.parametrize("root", ["", "/models/fraud,2"])
@pytest.mark.parametrize(("protocols", "paths"), PROTOCOL_PATHS)
def test_ingress_and_http_route_route_the_protocols_that_are_on(
    protocols: str | None, paths: list[str], root: str
) -> None:
    values: Object = {
        "settings": {"PROTOCOLS": protocols, "ROOT_PATH": root},
        "ingress": {"enabled": True, "protocols": True},
        "httpRoute": {"enabled": True, "protocols": True, "parentRefs": [{"name": "public"}]},
    }
    expected = [f"{root}{path}" for path in ["/api", *paths]]
    (rule,) = one("Ingress", values)["spec"]["rules"]
    found = [(each["path"], each["pathType"]) for each in rule["http"]["paths"]]
    assert found == [(path, "Prefix") for path in expected]
    (route,) = one("HTTPRoute", values)["spec"]["rules"]
    matches = [{"path": {"type": "PathPrefix", "value": path}} for path in expected]
    assert route == {"matches": matches, "backendRefs": [BACKEND]}


def test_ingress_routes_every_path_of_the_protocols_and_no_metrics(tmp_path: Path) -> None:
    ingress = {"enabled": True, "protocols": True}
    (rule,) = one("Ingress", {"ingress": ingress})["spec"]["rules"]
    routed = [each["path"] for each in rule["http"]["paths"]]
    served = {rule.rule for rule in make_app(tmp_path, ECHO).url_map.iter_rules()}
    prefixed = {path: [each for each in served if is_under(each, path)] for path in routed}
    assert [path for path in routed if not prefixed[path]] == []
    assert served - set(itertools.chain(*prefixed.values())) == {"/", "/metrics"}


def is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def test_explicit_paths_do_not_follow_the_root_path() -> None:
    match = {"path": {"type": "PathPrefix", "value": "/api"}}
    values: Object = {
        "settings": {"ROOT_PATH": "/fraud"},
        "ingress": {
            "enabled": True,
            "hosts": [{"paths": [{"path": "/api"}, {"path": "/metrics"}]}],
        },
        "httpRoute": {
            "enabled": True,
            "parentRefs": [{"name": "public"}],
            "rules": [{"matches": [match]}, {"timeouts": {"request": "10s"}}],
        },
    }
    (rule,) = one("Ingress", values)["spec"]["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/api", "/metrics"]
    rules = one("HTTPRoute", values)["spec"]["rules"]
    assert [each.get("matches") for each in rules] == [[match], None]


def test_probes_metrics_and_helm_test_have_no_root_path() -> None:
    values: Object = {"settings": {"ROOT_PATH": "/fraud"}, "serviceMonitor": {"enabled": True}}
    served = container(values)
    assert env(served)["ROOT_PATH"] == "/fraud"
    assert [served[probe]["httpGet"]["path"] for probe in PROBES] == [
        "/api/liveness",
        "/api/liveness",
        "/api/readiness",
    ]
    (tested,) = one("Pod", values)["spec"]["containers"]
    assert tested["args"] == ["http://demo-ml-rest-api:8888"]
    (endpoint,) = one("ServiceMonitor", values)["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
