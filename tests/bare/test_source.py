"""The source code of a module that a model file stands for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from tests.bare.serving import parameters, predict, save_scaffold, serve
from tests.bare.trained import save

NAMES = [
    ["class", "x"],
    ["__private", "x"],
    ["petal length (cm)", "x"],
    ['"', "'"],
    ["{x}", "\\"],
    ["ﬁ", "é"],
    [f"a_rather_long_name_{number}" for number in range(30)],
]


@pytest.mark.parametrize("names", NAMES)
def test_names_may_be_any_text(tmp_path: Path, names: list[str]) -> None:
    table = pd.DataFrame(np.eye(len(names)), columns=names)
    save(tmp_path, model := Ridge().fit(table, range(len(names))))
    row = dict.fromkeys(names, 1.5)
    expected = {"prediction": pytest.approx(model.predict(pd.DataFrame([row]))[0])}
    client = serve(tmp_path)
    assert list(parameters(client)) == names
    assert predict(client, row) == expected
    save_scaffold(tmp_path, "model.joblib")
    assert predict(serve(tmp_path, TRAINED_MODEL_MODULE_NAME="model"), row) == expected


@pytest.mark.parametrize("name", ['a"""b.joblib', "a\\.joblib", "a'.joblib", "é.joblib"])
def test_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    file = save(tmp_path, Ridge().fit([[1], [2]], [1, 2]), name)
    assert predict(serve(tmp_path), {"features": [1.5]}) == {"prediction": pytest.approx(1.5)}
    save_scaffold(tmp_path, name)
    again = serve(tmp_path, TRAINED_MODEL_MODULE_NAME=file.stem)
    assert predict(again, {"features": [1.5]}) == {"prediction": pytest.approx(1.5)}
