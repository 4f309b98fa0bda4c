"""Render the files that derive from the settings, values.yaml, the templates and CHANGELOG.md.

`python -m scripts.render_chart` writes the chart's Chart.yaml (its icon and changes), values.yaml
(its settings), values.schema.json, README.md and dashboard, and the manifests in k8s/. With
`--check` it writes nothing and fails if a file is not up to date.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

from app import __version__
from scripts import chart_settings
from scripts.changelog import CHANGELOG, changes_of
from scripts.chart_completion import completion_template
from scripts.chart_metadata import update_metadata
from scripts.chart_values import Value, documented_values, markdown_table
from scripts.dashboard import dashboard

ROOT = Path(__file__).resolve().parent.parent
NAME = "ml-rest-api"

# Helm's own labels, which do not apply to manifests for kubectl.
_HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
_HEADER = "# Rendered by `python -m scripts.render_chart`. To change it, edit charts/ml-rest-api.\n"


def render(root: Path = ROOT) -> dict[Path, str]:
    """Return the path and text of every rendered file, for the project in the folder `root`."""
    chart = root / "charts" / NAME
    values_yaml = chart_settings.update_settings((chart / "values.yaml").read_text())
    values = documented_values(values_yaml)
    schema = _schema(values)
    texts = {
        "Chart.yaml": update_metadata(
            (chart / "Chart.yaml").read_text(),
            (chart / "icon.svg").read_bytes(),
            changes_of(__version__, CHANGELOG.read_text()),
        ),
        "values.yaml": values_yaml,
        "values.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        "README.md": _readme(values),
        "dashboards/ml-rest-api.json": dashboard(),
        "templates/_settings.tpl": chart_settings.settings_template(),
        "templates/_value_types.tpl": completion_template(schema, yaml.safe_load(values_yaml)),
    }
    manifests = _manifests(chart, texts)
    files = {chart / name: text for name, text in texts.items()}
    return files | {root / "k8s" / name: text for name, text in manifests.items()}


def drift(root: Path = ROOT) -> list[Path]:
    """Return the files that are not up to date, and manifests that are no longer rendered."""
    files = render(root)
    changed = [
        path for path, text in files.items() if not path.is_file() or path.read_text() != text
    ]
    return changed + _orphans(root, files)


def write(root: Path = ROOT) -> None:
    """Write every rendered file; remove manifests that are no longer rendered."""
    files = render(root)
    for path, text in files.items():
        path.write_text(text)
    for path in _orphans(root, files):
        path.unlink()


def _orphans(root: Path, files: dict[Path, str]) -> list[Path]:
    manifests = (root / "k8s").glob("*.yaml")
    return [path for path in manifests if path not in files and _HEADER in path.read_text()]


def _schema(values: list[Value]) -> dict[str, Any]:
    aliased = yaml.safe_load((ROOT / "scripts" / "chart_schema.yaml").read_text())
    schema: dict[str, Any] = json.loads(
        json.dumps(aliased)
    )  # copies the objects that YAML aliases share
    schema["properties"]["settings"] = chart_settings.schema()
    for value in values:
        node = schema
        for key in value.path:
            node = node["properties"][key]
        node["description"] = value.description
    return schema


def _readme(values: list[Value]) -> str:
    text = (ROOT / "scripts" / "chart_readme.md").read_text()
    return text.replace("{{values}}", markdown_table(values))


def _manifests(chart: Path, texts: dict[str, str]) -> dict[str, str]:
    """Render the chart's defaults, one file for each kind, and a kustomization that lists them."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / NAME
        shutil.copytree(chart, copy)
        for name, text in texts.items():
            (copy / name).write_text(text)
        with Chart.load(copy) as loaded:
            app_version = loaded.metadata["appVersion"]
            outputs = loaded.render(name=NAME).items()
    objects = [
        document
        for path, text in outputs
        if path.endswith(".yaml") and "/tests/" not in path
        for document in yaml.safe_load_all(text)
        if document
    ]
    files = {f"{each['kind'].lower()}.yaml": _plain_manifest(each) for each in objects}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(files),
        "images": [{"name": NAME, "newName": NAME, "newTag": app_version}],
    }
    return files | {"kustomization.yaml": _HEADER + _dump(kustomization)}


def _plain_manifest(manifest: dict[str, Any]) -> str:
    for label in _HELM_LABELS:
        manifest["metadata"]["labels"].pop(label)
    return _HEADER + _dump(manifest)


def _dump(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=100)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is not up to date"
    )
    if not parser.parse_args().check:
        write()
    elif changed := drift():
        names = ", ".join(str(path.relative_to(ROOT)) for path in changed)
        sys.exit(f"Not up to date: {names}. Run `python -m scripts.render_chart`.")


if __name__ == "__main__":
    main()
