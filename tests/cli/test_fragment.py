"""The values of the chart that follow from measurements."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from app.cli.fragment import values_yaml
from app.cli.measurement import Measured, Measurement
from app.config.settings import Settings

MIB = 2**20
ONE = Measurement(1, 1, [0.001, 0.002], rows_per_second=800, cpus=0.8, memory=150 * MIB)
BUSY = replace(ONE, clients=64, rows_per_second=2000, cpus=1.036)
MEASURED = Measured(1, 3.0, 2.5, 140 * MIB, ONE, BUSY, [replace(ONE, rows=8, memory=200 * MIB)])


def values(
    measured: Measured = MEASURED, *, budget: float = 1, comparison: str = "", **settings: Any
) -> Any:
    return yaml.safe_load(values_yaml(Settings(**settings), measured, comparison, budget))


def test_values_follow_from_the_measurements() -> None:
    assert values() == {
        "model": {"loadTimeoutSeconds": 180},
        "settings": {"WORKERS": 1, "MAX_PENDING": 64},
        "resources": {
            "requests": {"cpu": "1040m", "memory": "200Mi"},
            "limits": {"memory": "264Mi"},
        },
        "autoscaling": {"targetCPUUtilizationPercentage": 80},
    }


def test_slow_load_gets_more_time_than_the_default() -> None:
    assert values(replace(MEASURED, load_seconds=60.1))["model"] == {"loadTimeoutSeconds": 310}


@pytest.mark.parametrize(
    ("workers", "budget", "pending"),
    [(1, 0.01, 20), (2, 0.01, 10), (1, 0.0001, 2), (1, 60, 64)],
)
def test_pending_requests_of_a_process_fit_into_the_budget(
    workers: int, budget: float, pending: int
) -> None:
    found = values(replace(MEASURED, workers=workers), budget=budget)["settings"]
    assert found == {"WORKERS": workers, "MAX_PENDING": pending}


def test_limit_of_a_large_model_is_a_quarter_more() -> None:
    resources = values(replace(MEASURED, load_memory=4000 * MIB))["resources"]
    assert resources["requests"]["memory"] == "4000Mi"
    assert resources["limits"]["memory"] == "5000Mi"


def test_settings_that_change_what_is_measured_are_values() -> None:
    found = values(THREADS=4, MAX_ROWS=500, LOG_LEVEL="DEBUG")["settings"]
    assert found == {"WORKERS": 1, "MAX_PENDING": 64, "THREADS": 4, "MAX_ROWS": 500}


def test_comparison_is_a_comment() -> None:
    comparison = "WORKERS=2 cannot be measured:\n'a: b' # c " + "long " * 40
    assert values(comparison=comparison) == values()
