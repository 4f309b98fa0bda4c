"""Cores and thread pools: what a container's CPU limit allows."""

from pathlib import Path

import pytest

from app.config.cpus import available_cpus
from tests.helpers import serving, write_module

HERE = available_cpus(Path("no limit"))


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "150000 100000\n"}, min(2, HERE)),
        ({"cpu.max": "6400000 100000\n"}, min(64, HERE)),
        ({"cpu.max": "max 100000\n"}, HERE),
        ({"cpu.max": "?"}, HERE),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, HERE),
        ({"cpu/cpu.cfs_quota_us": "100000\n"}, HERE),
        ({}, HERE),
    ],
)
def test_the_limit_of_the_container_counts_in_whole_cores(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    assert available_cpus(write(tmp_path, files)) == expected


POOLS = """
    import os

    def run(input_data):
        return {name: os.environ.get(name) for name in input_data}
"""


@pytest.mark.parametrize(
    ("workers", "share"), [("1", available_cpus()), ("2", max(1, available_cpus() // 2))]
)
def test_the_processes_share_the_cores_and_what_is_set_stays(
    tmp_path: Path, workers: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    write_module(tmp_path, POOLS)
    with serving(tmp_path, WORKERS=workers) as server:
        asked = {"OMP_NUM_THREADS": 0, "OPENBLAS_NUM_THREADS": 0}
        expected = {"OMP_NUM_THREADS": str(share), "OPENBLAS_NUM_THREADS": "7"}
        assert server.predict(asked).json() == expected
