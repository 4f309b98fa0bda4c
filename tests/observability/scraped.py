"""Three services that a real Prometheus scrapes as pods of a release, and known traffic."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.helpers import Server, eventually, serving, write_module
from tests.prometheus import WINDOW, Prometheus, prometheus, scraping

# A call takes 15 ms. A row with a "gate" waits for that file.
MODEL = """
    import flask, time
    from pathlib import Path

    __version__ = "7"

    def sample():
        return {"x": 1.5}

    def run(row):
        return run_batch([row])[0]

    def run_batch(rows):
        time.sleep(0.015)
        if "gate" in rows[0]:
            (Path(__file__).parent / "started").touch()
            while not (Path(__file__).parent / "gate").exists():
                time.sleep(0.01)
        if rows[0]["x"] == 500:
            raise ValueError("x")
        if rows[0]["x"] == 422:
            flask.abort(422, "no")
        return [{"y": 2 * row["x"]} for row in rows]
"""
BROKEN = "def sample(): return {'x': 1}\ndef run(row): return row['y']\n"
BATCH = 40
SEEN = 'count_over_time(up{pod="a"}[5m])'
SCRAPES = 10  # of which Prometheus extrapolates one or two
ONE_OF_EACH: list[dict[str, Any]] = [
    {"x": 1},
    {"x": 500},
    {"x": 422},
    {"x": "a"},
]  # 200, 500, 422, 400


@dataclass
class Scraped:
    """A Prometheus with three services, and what these were sent since it knows each series."""

    prometheus: Prometheus
    pods: dict[str, Server]
    codes: Counter[int]
    paths: Counter[str]

    def approx(self, count: float) -> object:
        """Return a rate over the window; Prometheus extrapolates it by up to a second at each end."""
        return pytest.approx(count / WINDOW, rel=0.3, abs=0.1 / WINDOW)


def send(scraped: Scraped, rows: list[dict[str, Any]], times: int) -> None:
    for _ in range(times):
        for row in rows:
            for pod in ("a", "b"):
                scraped.codes[scraped.pods[pod].predict(row).status_code] += 1
                scraped.paths["/api/model/predict"] += 1


def send_batch(scraped: Scraped) -> None:
    url = f"{scraped.pods['a'].url}/api/model/predict_batch"
    response = requests.post(url, json={"rows": [{"x": 1}] * BATCH}, timeout=30)
    scraped.codes[response.status_code] += 1
    scraped.paths["/api/model/predict_batch"] += 1


def see(scraped: Scraped) -> None:
    """Wait until Prometheus has seen all requests."""
    expr = 'sum(ml_rest_api_requests_total{method="POST"})'
    eventually(lambda: scraped.prometheus.total(expr) == scraped.codes.total(), within=30)


def refuse(scraped: Scraped) -> None:
    """Make service b refuse at least one request, because MAX_PENDING are pending."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(scraped.pods["b"].predict, [{"x": 1}] * 8))
    scraped.codes.update(answer.status_code for answer in answers)
    scraped.paths["/api/model/predict"] += len(answers)
    assert scraped.codes[503]


@contextlib.contextmanager
def scraped_services(folder: Path, rules: Path) -> Iterator[Scraped]:
    """Run a service with two processes, one with one, in which a prediction is pending, and one
    that has failed its self-test; send requests to the first two.
    """
    for name in ("a", "b"):
        write_module(folder / name, MODEL)
    write_module(folder / "c", BROKEN)
    with (
        serving(folder / "a", wait=False, WORKERS="2") as a,
        serving(folder / "b", wait=False, MAX_PENDING="2") as b,
        serving(folder / "c", wait=False, EXIT_AFTER_FAILED_LOAD="no", INIT_RETRIES="0") as c,
    ):
        pods = {"a": a, "b": b, "c": c}
        eventually(lambda: a.is_ready() and b.is_ready(), within=60)
        with prometheus(folder / "prometheus", scraping(pods, [rules])) as found:
            scraped = Scraped(found, pods, Counter(), Counter())
            eventually(lambda: found.total("count(ml_rest_api_refused_total)") == 3 * 6)
            send(scraped, ONE_OF_EACH, times=1)
            send_batch(scraped)
            refuse(scraped)
            see(scraped)
            before = Counter(scraped.codes), Counter(scraped.paths)
            send(scraped, ONE_OF_EACH, times=10)
            send_batch(scraped)
            refuse(scraped)
            with ThreadPoolExecutor() as pool:
                held = pool.submit(b.predict, {"x": 1, "gate": 1})
                eventually((folder / "b" / "started").exists)
                see(scraped)
                eventually(lambda: found.total("sum(ml_rest_api_predictions_pending)") == 1)
                eventually(lambda: found.total(SEEN) > SCRAPES, within=30)
                scraped.codes -= before[0]
                scraped.paths -= before[1]
                yield scraped
                (folder / "b" / "gate").touch()
                held.result()
