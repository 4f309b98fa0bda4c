"""Model files in several processes: what a library loads must survive the fork."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.bare.test_formats import (
    FRAME,
    a_lightgbm_classifier,
    an_onnx_classifier,
)
from tests.bare.trained import IRIS, NAMES, ROW, answer_of, save
from tests.helpers import serving


def a_forest_of_several_threads(folder: Path) -> Any:
    save(folder, model := RandomForestClassifier(20, n_jobs=2, random_state=1).fit(IRIS, NAMES))
    return ROW, answer_of(model, FRAME)


@pytest.mark.parametrize(
    "make",
    [
        a_forest_of_several_threads,
        a_lightgbm_classifier,
        an_onnx_classifier,
    ],
)
def test_each_of_several_processes_predicts(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    row, expected = make(tmp_path)
    with serving(tmp_path, WORKERS="2") as server:
        for _ in range(20):  # each on a connection of its own, which either process may accept
            response = server.predict(row)
            assert response.status_code == 200, server.log
            assert response.json()["prediction"] == expected["prediction"]
        assert server.log.count("is ready") == 2
        assert server.terminate() == 0
