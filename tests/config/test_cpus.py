"""The CPUs that a process may use: what a container's CPU limit allows."""

from pathlib import Path

import pytest

from app.config.cpus import available_cpus
from tests.helpers import serving, write_module

AFFINITY = 4


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "6400000 100000\n"}, AFFINITY),
        ({"cpu.max": "max 100000\n"}, AFFINITY),
        ({"cpu.max": "?"}, AFFINITY),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, AFFINITY),
        ({"cpu/cpu.cfs_quota_us": "100000\n"}, AFFINITY),
        ({}, AFFINITY),
    ],
)
def test_the_limit_of_the_container_counts_in_whole_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(AFFINITY)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_cpus(tmp_path) == expected


POOLS = """
    import os

    def run(input_data):
        return {name: os.environ.get(name) for name in input_data}
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_processes_share_the_cpus_and_a_variable_that_is_set_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    write_module(tmp_path, POOLS)
    with serving(tmp_path, WORKERS=str(workers)) as server:
        asked = {"OMP_NUM_THREADS": 0, "OPENBLAS_NUM_THREADS": 0}
        expected = {
            "OMP_NUM_THREADS": str(max(1, available_cpus() // workers)),
            "OPENBLAS_NUM_THREADS": "7",
        }
        assert server.predict(asked).json() == expected
