"""docs/metrics.md has each metric that a service exposes, and no others."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers import ROOT, eventually, serving
from tests.predictor.profiles import write

_ROW = re.compile(r"\| `(?P<name>[a-z]\w+)` \| (?P<type>\w+) \| (?P<labels>[\w, ]*)\|")


def documented() -> dict[str, tuple[str, set[str]]]:
    text = (ROOT / "docs/metrics.md").read_text()
    return {
        row["name"]: (row["type"], set(row["labels"].replace(",", " ").split()))
        for row in _ROW.finditer(text)
    }


def exposed(text: str) -> dict[str, tuple[str, set[str]]]:
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(text)
    }


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_table_has_the_metrics_of_a_service(tmp_path: Path, workers: str) -> None:
    write(tmp_path)
    with serving(tmp_path, WORKERS=workers) as server:
        eventually(lambda: server.predict({"x": 1.5, "kind": "a"}).status_code == 200)
        assert exposed(server.get("/metrics").text) == documented()
