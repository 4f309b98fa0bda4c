"""What the soak of `make soak` takes for a failure."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bench.servers import BENCH
from bench.soak.calls import GROUPS, Kind
from bench.soak.flat import growth, left_open
from bench.soak.report import Run, render
from bench.soak.samples import Sample
from bench.soak.traffic import Count, Traffic
from tests.helpers import Server, eventually, serving, write_module

SAMPLE = Sample(seconds=0, rss=200, container=150, descriptors=40, threads=11, pending=3)
KINDS = [kind for group in GROUPS for kind in group.kinds]
MODEL = (BENCH / "models" / "soak.py").read_text()


def samples(last: Sample) -> list[Sample]:
    return [SAMPLE] * 16 + [last] * 4


@pytest.mark.parametrize(
    ("last", "grown"),
    [
        (SAMPLE, []),
        (replace(SAMPLE, rss=213, descriptors=48), []),
        (replace(SAMPLE, rss=215), ["RSS in MiB grew from 200 to 215"]),
        (replace(SAMPLE, container=166), ["memory of the container in MiB grew from 150 to 166"]),
        (replace(SAMPLE, descriptors=50), ["descriptors grew from 40 to 50"]),
        (replace(SAMPLE, threads=13), ["threads grew from 11 to 13"]),
    ],
)
def test_growth_is_found(last: Sample, grown: list[str]) -> None:
    assert growth(samples(last)) == grown


def test_warm_up_is_no_growth() -> None:
    assert growth([replace(SAMPLE, rss=100)] * 4 + [SAMPLE] * 16) == []


def test_too_few_samples_tell_nothing() -> None:
    assert growth([SAMPLE] * 4) == ["4 samples are too few to tell"]


def test_connections_and_predictions_that_stay_are_found() -> None:
    idle = replace(SAMPLE, pending=0)
    assert left_open(idle, idle) == []
    assert left_open(idle, replace(idle, descriptors=45, pending=1)) == [
        "45 descriptors are open, 40 before",
        "1 predictions are still pending",
    ]


def test_report_tells_what_failed() -> None:
    counts = {kind: Count(sent=10) for kind in KINDS}
    idle = {"a": replace(SAMPLE, pending=0)}
    run = Run({"commit": "abc"}, 60, counts, [], idle, {"a": samples(SAMPLE)}, idle, 0, 0)
    assert run.problems() == []
    assert "| result | passed |" in render(run)
    failed = replace(run, failures=["one row: status 503"], restarts=1)
    assert failed.problems() == ["one row: status 503", "1 restarts"]
    assert "| result | failed |" in render(failed)


def send(folder: Path, source: str, kinds: list[Kind]) -> Traffic:
    """Serve a module and send it one request of each of the kinds, all at once."""
    write_module(folder, source)

    async def send_all(server: Server) -> Traffic:
        traffic = Traffic(f"127.0.0.1:{server.port}")
        calls = (traffic.send(kind, 7, None, keep_alive=False) for kind in kinds)
        await asyncio.gather(*calls)
        return traffic

    with serving(folder, wait=False, MODEL_NAME="soak") as server:
        eventually(server.is_ready, within=60)  # scikit-learn is imported
        return asyncio.run(send_all(server))


def test_every_kind_gets_what_is_expected(tmp_path: Path) -> None:
    traffic = send(tmp_path, MODEL, KINDS)
    assert traffic.failures == []
    assert {count.sent for count in traffic.counts.values()} == {1}


def test_other_predictions_and_statuses_are_failures(tmp_path: Path) -> None:
    kinds = [kind for kind in KINDS if kind.expected or kind.status == 422]
    traffic = send(tmp_path, MODEL.replace("[1.0, 3.0]", "[1.0, 4.0]").replace("422", "409"), kinds)
    assert {kind for kind, count in traffic.counts.items() if count.failed} == set(kinds)
    assert any("status 409 instead of 422" in failure for failure in traffic.failures)
