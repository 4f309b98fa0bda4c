"""A row that the model refuses among the rows of concurrent requests."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.helpers import Server, eventually, parse_metrics, serving, write_module

# The row with "gate" keeps the model busy, so that those that come meanwhile are one batch.
GATED_BATCHES = """
    import time
    from pathlib import Path

    from flask import abort

    FOLDER = Path(__file__).parent

    def check(row):
        if row.get("x", 0) < 0:
            abort(422, f"{row['x']} is negative")

    def run(row):
        while "gate" in row and not (FOLDER / "gate").exists():
            time.sleep(0.01)
        RUN
        return row

    def run_batch(rows):
        (FOLDER / f"batch of {len(rows)}").touch()
        for row in rows:
            row["changed"] = row.setdefault("list", []).append("changed")
            check(row)
        return rows
"""


@contextlib.contextmanager
def batch_of_four(folder: Path, run: str) -> Iterator[tuple[Server, dict[int, tuple[int, Any]]]]:
    """Run gunicorn, and ask for four rows at once; `run` is a statement of `run()`."""
    write_module(folder, GATED_BATCHES.replace("RUN", run))
    with serving(folder, LOG_FORMAT="text") as server, ThreadPoolExecutor(5) as pool:

        def pending() -> float:
            return parse_metrics(server.get("/metrics").text)["ml_rest_api_predictions_pending",]

        busy = pool.submit(server.predict, {"gate": True})
        eventually(lambda: pending() == 1)
        responses = {
            x: pool.submit(server.predict, {"x": x}, headers={"X-Request-Id": f"id-{x}"})
            for x in (1, -2, 3, 4)
        }
        eventually(lambda: pending() == 5)
        (folder / "gate").touch()
        assert busy.result().status_code == 200
        answers = {x: one.result() for x, one in responses.items()}
        yield server, {x: (one.status_code, one.json()) for x, one in answers.items()}
        assert (folder / "batch of 4").exists()
        for text in ("Traceback", "WARNING", "ERROR"):
            assert text not in server.log


def test_only_the_refused_one_of_concurrent_rows_gets_the_4xx(tmp_path: Path) -> None:
    with batch_of_four(tmp_path, "check(row)") as (server, answers):
        assert answers.pop(-2) == (422, {"message": "-2 is negative"})
        assert answers == {x: (200, {"x": x}) for x in (1, 3, 4)}
        batch, row = [line for line in server.log.splitlines() if "refused" in line]
        assert "INFO    run_batch() refused a row at ml_trained_model.py, line 11: 422 " in batch
        assert "-2 is negative; retrying 4 rows one by one [" in batch
        assert "INFO    run() refused a row at ml_trained_model.py, line 11: 422 " in row
        assert row.endswith("-2 is negative [id--2]")


def test_a_row_that_run_batch_alone_refuses_gets_the_prediction_of_run(tmp_path: Path) -> None:
    with batch_of_four(tmp_path, "pass") as (server, answers):
        assert answers == {x: (200, {"x": x}) for x in (1, -2, 3, 4)}
        metrics = parse_metrics(server.get("/metrics").text)
        assert metrics["ml_rest_api_refused_total", "reason=model"] == 0
