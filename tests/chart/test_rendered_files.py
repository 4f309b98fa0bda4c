"""Rendered files match their sources."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from scripts import render_chart
from tests.chart.pod_security import violations
from tests.chart.rendering import CHART, ROOT, one

K8S = ROOT / "k8s"


def manifest(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((K8S / name).read_text())
    return document


def test_rendered_files_are_up_to_date() -> None:
    assert render_chart.drift() == [], "run `python -m scripts.render_chart`"


def test_drift_is_reported_and_fixed(tmp_path: Path) -> None:
    for folder in ("charts", "k8s"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    service = (tmp_path / "k8s" / "service.yaml").rename(tmp_path / "k8s" / "gone.yaml")
    values = tmp_path / "charts" / "ml-rest-api" / "values.yaml"
    values.write_text(values.read_text().replace("LOG_LEVEL: ", "OLD_LEVEL: "))
    (tmp_path / "charts" / "ml-rest-api" / "README.md").write_text("")
    metadata = tmp_path / "charts" / "ml-rest-api" / "Chart.yaml"
    metadata.write_text(metadata.read_text().replace("- kind: added", "- kind: fixed"))

    names = {path.name for path in render_chart.drift(tmp_path)}
    assert names == {"service.yaml", "gone.yaml", "values.yaml", "README.md", "Chart.yaml"}
    render_chart.write(tmp_path)
    assert render_chart.drift(tmp_path) == []
    assert not service.exists()


def test_kustomization_lists_every_manifest() -> None:
    kustomization = manifest("kustomization.yaml")
    others = {path.name for path in K8S.glob("*.yaml")} - {"kustomization.yaml", "kind.yaml"}
    assert set(kustomization["resources"]) == others


def test_kustomization_sets_the_image() -> None:
    (image,) = manifest("kustomization.yaml")["images"]
    (container,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{image['name']}:{image['newTag']}"


def test_manifests_equal_the_chart_without_helm_labels() -> None:
    for kind in ("Deployment", "Service", "ServiceAccount"):
        plain, rendered = manifest(f"{kind.lower()}.yaml"), one(kind, name="ml-rest-api")
        helm_labels = {"helm.sh/chart", "app.kubernetes.io/managed-by"}
        labels = rendered["metadata"]["labels"]
        assert {key: labels[key] for key in labels.keys() - helm_labels} == plain["metadata"][
            "labels"
        ]
        assert plain.get("spec") == rendered.get("spec")
        assert "namespace" not in plain["metadata"]


def test_manifests_meet_the_restricted_standard() -> None:
    assert violations(manifest("deployment.yaml")["spec"]["template"]["spec"]) == []


def test_kind_cluster_has_two_workers_and_maps_the_node_port() -> None:
    nodes = manifest("kind.yaml")["nodes"]
    assert [node["role"] for node in nodes] == ["control-plane", "worker", "worker"]
    (mapping,) = nodes[0]["extraPortMappings"]
    values = yaml.safe_load((CHART / "ci" / "node-port-values.yaml").read_text())
    assert mapping["containerPort"] == mapping["hostPort"] == values["service"]["nodePort"]


def test_readme_links_to_nothing_outside_the_package() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (CHART / "README.md").read_text())
    assert [target for target in targets if "://" not in target] == []


def test_templates_are_short() -> None:
    for path in (CHART / "templates").rglob("*.*"):
        assert len(path.read_text().splitlines()) < 250, path


def test_only_extra_objects_are_evaluated_as_templates() -> None:
    for path in set((CHART / "templates").rglob("*.*")) - {CHART / "templates/extraobjects.yaml"}:
        assert not re.search(r"\btpl\b", path.read_text()), path
