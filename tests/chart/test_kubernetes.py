"""Every rendering is valid for Kubernetes, restricted, and has valid names."""

import functools
import itertools
import json
import re
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from helm_python.chart import lint
from jsonschema import Draft202012Validator
from kubernetes_validate.utils import schema_contents  # type: ignore[import-untyped]
from referencing import Registry, Resource

from tests.chart.pod_security import violations
from tests.chart.rendering import CHART, EXAMPLES, Object, example, one, pod_specs, render

VERSIONS = ["1.30.0", "1.34.0", kubernetes_validate.latest_version()]

# Kinds of other projects, for which Kubernetes has no schema.
OTHER_KINDS = {
    "Canary",
    "HTTPRoute",
    "MetricTemplate",
    "PodMonitor",
    "PrometheusRule",
    "ScaledObject",
    "ServiceMonitor",
}

SOURCES: list[Object] = [
    {},
    {"module": "def run(row): ...", "files": {"a.txt": "é"}, "binaryFiles": {"b.bin": "AAE="}},
    {"existingConfigMap": "fraud"},
    {"uri": "http://store.models.svc:8000/fraud.tar", "sha256": "ab" * 32},
    {"initContainer": {"image": "fraud:1", "args": ["x"], "env": [{"name": "A", "value": "b"}]}},
]
SCALES: list[Object] = [
    {},
    {"replicaCount": 3, "podDisruptionBudget": {"minAvailable": 1}},
    {"keda": {"enabled": True, "serverAddress": "http://prometheus:9090"}},
    {"autoscaling": {"enabled": True, "metrics": [
        {"type": "Pods", "pods": {"metric": {"name": "predictions"},
                                  "target": {"type": "AverageValue", "averageValue": "10"}}}]}},
]  # fmt: skip
EXPOSURES: list[Object] = [
    {},
    {"ingress": {"enabled": True}, "service": {"type": "LoadBalancer"}},
    {"ingress": {"enabled": True, "hosts": [{"host": "a.example.com"}]},
     "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}]}},
]  # fmt: skip
OPTIONS: list[Object] = [
    {},
    {
        "commonLabels": {"team": "fraud"},
        "networkPolicy": {"enabled": True, "ingressFrom": [{"podSelector": {}}], "egress": [{}]},
        "serviceMonitor": {"enabled": True},
        "metrics": {"port": 9090},
        "prometheusRule": {"enabled": True},
        "grafanaDashboard": {"enabled": True},
        "strategy": {"type": "Recreate"},
        "extraEnv": [{"name": "A", "value": "1"}],
        "affinity": {"nodeAffinity": {}},
        "serviceAccount": {"create": False},
        "check": {"enabled": True},
        "namespaceOverride": "other",
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["192.0.2.1"]},
    },
]
MATRIX = [
    {"model": source, **scale, **exposure, **options}
    for source, scale, exposure, options in itertools.product(SOURCES, SCALES, EXPOSURES, OPTIONS)
]
ALL_VALUES = [example(path) for path in EXAMPLES] + MATRIX


@functools.cache
def validator(kind: str, api_version: str, version: str) -> Draft202012Validator:
    folder = f"kubernetes-json-schema/v{version}-local-strict"
    group = re.sub(r"\.[^/]*", "", api_version) if "/" in api_version else api_version
    name = f"{kind.lower()}-{group.replace('/', '-')}.json"
    registry: Registry[Any] = definitions(version) @ Registry()
    return Draft202012Validator(schema_contents(f"{folder}/{name}", version), registry=registry)


@functools.cache
def definitions(version: str) -> Resource[Any]:
    folder = f"kubernetes-json-schema/v{version}-local-strict"
    return Resource.from_contents(schema_contents(f"{folder}/_definitions.json", version))


def schema_errors(each: Object, version: str) -> list[str]:
    check = validator(each["kind"], each["apiVersion"], version)
    return [
        f"{each['kind']}: {error.json_path}: {error.message}" for error in check.iter_errors(each)
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_rendering_is_valid_for_kubernetes(version: str) -> None:
    seen = set()
    for values in ALL_VALUES:
        for each in render(values):
            text = json.dumps(each)
            if each["kind"] not in OTHER_KINDS and text not in seen:
                seen.add(text)
                assert schema_errors(each, version) == [], values


def test_validator_reports_an_unknown_field() -> None:
    service = one("Service")
    service["spec"]["porst"] = []
    assert schema_errors(service, VERSIONS[0])


def test_every_rendering_meets_the_restricted_standard() -> None:
    for values in ALL_VALUES:
        specs = list(pod_specs(render(values)))
        has_test = values.get("service", {}).get("enabled", True)
        assert len(specs) == 1 + has_test + bool(values.get("check"))
        assert [violations(spec) for spec in specs] == [[]] * len(specs), values


def test_violations_of_the_restricted_standard_are_reported() -> None:
    weak = {"securityContext": {"privileged": True, "seccompProfile": {"type": "Unconfined"}}}
    found = violations({"containers": [{"name": "a", **weak}], "hostNetwork": True})
    assert len(found) == 6


def test_every_rendering_has_a_read_only_root_filesystem_and_no_token() -> None:
    for values in MATRIX:
        for spec in pod_specs(render(values)):
            assert spec["automountServiceAccountToken"] is False
            assert spec["enableServiceLinks"] is False
            for container in spec["containers"] + spec.get("initContainers", []):
                assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_every_object_has_the_labels_of_its_release() -> None:
    for values in ALL_VALUES:
        for each in render(values):
            labels = each["metadata"]["labels"]
            assert labels["app.kubernetes.io/instance"] == "demo"
            assert labels.items() >= values.get("commonLabels", {}).items()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_passes_lint(path: Any) -> None:
    report = lint(CHART, example(path), strict=True, kube_version="v1.34.0")
    assert report["messages"] == []
    assert report["errors"] == []


@pytest.mark.parametrize("name", ["a", "flask", "x" * 53, "a" * 40 + "-" + "b" * 12])
@pytest.mark.parametrize(
    "override",
    [
        {},
        {"nameOverride": "n" * 70},
        {"fullnameOverride": "f" * 70},
        {"nameOverride": "n" * 62 + "-x"},
    ],
    ids=["", "name", "fullname", "dash"],
)
def test_names_and_labels_stay_within_63_characters(name: str, override: Object) -> None:
    values = {**override, **MATRIX[-1], "model": SOURCES[1], "autoscaling": {"enabled": True}}
    for each in render(values, name=name):
        # Names of these two kinds can be longer: they are neither labels nor host names.
        max_length = 63 if each["kind"] not in {"ConfigMap", "Pod"} else 253
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", each["metadata"]["name"])
        assert len(each["metadata"]["name"]) <= max_length
        for value in each["metadata"]["labels"].values():
            assert re.fullmatch(r"[A-Za-z0-9]([-._A-Za-z0-9]{,61}[A-Za-z0-9])?", value)


def test_two_releases_can_share_a_namespace() -> None:
    releases = ["red", "blue"]
    names = [
        (each["kind"], each["metadata"]["name"])
        for release in releases
        for each in render(MATRIX[-1] | {"model": SOURCES[1]}, name=release)
    ]
    assert len(names) == len(set(names))
    selectors = [one("Service", name=release)["spec"]["selector"] for release in releases]
    assert selectors[0] != selectors[1]
