"""Garbage of a model is collected, and the model itself is not walked."""

from pathlib import Path

import requests

from tests.helpers import parse_metrics, serving, write_module

CYCLES = """
    def sample():
        return {"x": 1}

    def run(row):
        cycle = [[] for _ in range(20)]
        for it in cycle:
            it.append(it)
        return row["x"]
"""
FULL = "python_gc_collections_total", "generation=2"


def test_a_model_whose_calls_leave_cycles_does_not_fill_the_memory(tmp_path: Path) -> None:
    write_module(tmp_path, CYCLES)
    with serving(tmp_path) as server:
        before = parse_metrics(server.get("/metrics").text)
        rows = [{"x": number} for number in range(5000)]
        url = f"{server.url}/api/model/predict_batch"
        assert requests.post(url, json={"rows": rows}, timeout=60).status_code == 200
        after = parse_metrics(server.get("/metrics").text)
    assert after[FULL] - before[FULL] >= 1


def test_the_model_is_out_of_collections(tmp_path: Path) -> None:
    source = """
        import gc
        kept = []
        def init():
            kept.extend([] for _ in range(200_000))
        def run(row):
            return {"walked": len(gc.get_objects()), "frozen": gc.get_freeze_count()}
    """
    write_module(tmp_path, source)
    with serving(tmp_path) as server:
        counts = server.predict({}).json()
    assert counts["frozen"] > 200_000 > 10 * counts["walked"]
