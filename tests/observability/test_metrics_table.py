"""docs/metrics.md has each metric that a service exposes, and no others."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers import ECHO, ROOT, VALID, eventually, serving, write_module

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
    write_module(tmp_path, ECHO)
    with serving(tmp_path, WORKERS=workers) as server:
        eventually(lambda: server.predict(VALID).status_code == 200)
        assert exposed(server.get("/metrics").text) == documented()
