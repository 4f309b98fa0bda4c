"""Every format of a model file: it predicts what the fitted object predicts."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import skl2onnx
import skops.io
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from tests.bare.serving import fetch, predict, reason, save_scaffold, serve
from tests.bare.trained import (
    IRIS,
    NAMES,
    PAYMENT,
    ROW,
    SPECIES,
    answer_of,
    fraud_pipeline,
    iris_forest,
    save,
)

FRAME, ARRAY = pd.DataFrame([ROW]), np.array([[*ROW.values()]], np.float32)
LIST = {"features": [*ROW.values()]}


def a_joblib_file(folder: Path) -> Any:
    save(folder, model := iris_forest())
    return ROW, answer_of(model, FRAME)


def a_pipeline_of_columns(folder: Path) -> Any:
    save(folder, model := fraud_pipeline(), "fraud.pkl")
    return PAYMENT, answer_of(model, pd.DataFrame([PAYMENT]))


def a_skops_file(folder: Path) -> Any:
    skops.io.dump(model := iris_forest(), folder / "model.skops")
    return ROW, answer_of(model, FRAME)


def an_xgboost_classifier(folder: Path) -> Any:
    model = xgboost.XGBClassifier(n_estimators=3).fit(IRIS, SPECIES)
    model.save_model(folder / "model.json")
    return ROW, answer_of(model, FRAME)


def an_xgboost_regressor(folder: Path) -> Any:
    model = xgboost.XGBRegressor(n_estimators=3).fit(IRIS.to_numpy(), SPECIES)
    model.save_model(folder / "model.ubj")
    return LIST, {"prediction": model.predict(ARRAY).tolist()[0]}


def a_lightgbm_classifier(folder: Path) -> Any:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(IRIS, SPECIES)
    model.booster_.save_model(folder / "model.txt")
    return ROW, answer_of(model, FRAME)


def a_binary_lightgbm_classifier(folder: Path) -> Any:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1)
    model.fit(IRIS.rename(columns=dict(zip(IRIS, range(4), strict=True))), SPECIES > 1)
    model.booster_.save_model(folder / "model.txt")
    p = float(np.ravel(model.booster_.predict(ARRAY))[0])
    return LIST, {"prediction": int(p > 0.5), "probabilities": {"0": 1 - p, "1": p}}


def a_lightgbm_regressor(folder: Path) -> Any:
    model = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(IRIS, SPECIES)
    model.booster_.save_model(folder / "model.txt")
    return ROW, {"prediction": float(np.ravel(model.predict(FRAME))[0])}


def a_catboost_classifier(folder: Path) -> Any:
    kinds = IRIS.assign(kind=["a", "b"] * 75)
    model = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False)
    model.fit(kinds, NAMES, cat_features=["kind"])
    model.save_model(folder / "model.cbm")
    return {**ROW, "kind": "b"}, answer_of(model, FRAME.assign(kind="b"))


def a_catboost_regressor(folder: Path) -> Any:
    model = catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False)
    model.fit(IRIS, SPECIES)
    model.save_model(folder / "model.cbm")
    return ROW, {"prediction": float(np.ravel(model.predict(FRAME))[0])}


def an_onnx_classifier(folder: Path) -> Any:
    model = iris_forest().fit(IRIS.to_numpy(), NAMES)
    onnx = skl2onnx.to_onnx(model, ARRAY, options={"zipmap": False})
    (folder / "model.onnx").write_bytes(onnx.SerializeToString())
    return LIST, answer_of(model, ARRAY)


def an_onnx_classifier_with_a_map(folder: Path) -> Any:
    model = iris_forest().fit(IRIS.to_numpy(), NAMES)
    (folder / "model.onnx").write_bytes(skl2onnx.to_onnx(model, ARRAY).SerializeToString())
    return LIST, answer_of(model, ARRAY)


def an_onnx_regressor(folder: Path) -> Any:
    model = Ridge().fit(IRIS.to_numpy(), SPECIES)
    (folder / "model.onnx").write_bytes(skl2onnx.to_onnx(model, ARRAY).SerializeToString())
    return LIST, {"prediction": model.predict(ARRAY).tolist()[0]}


MAKERS = [
    a_joblib_file, a_pipeline_of_columns, a_skops_file,
    an_xgboost_classifier, an_xgboost_regressor,
    a_lightgbm_classifier, a_binary_lightgbm_classifier, a_lightgbm_regressor,
    a_catboost_classifier, a_catboost_regressor,
    an_onnx_classifier, an_onnx_classifier_with_a_map, an_onnx_regressor,
]  # fmt: skip


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Any, Any]:
    """A folder with a model file, a row, and what its model predicts for it."""
    maker: Callable[[Path], Any] = request.param
    row, expected = maker(tmp_path)
    return tmp_path, row, expected


def test_model_file_predicts_what_its_model_predicts(made: tuple[Path, Any, Any]) -> None:
    folder, row, expected = made
    client = serve(folder)
    (file,) = folder.iterdir()
    assert predict(client, row) == approx(expected)
    assert fetch(client, "/api/model")["name"] == file.stem
    batch = client.post("/api/model/predict_batch", json={"rows": [row, row]}).json
    assert batch == {"predictions": [approx(expected)] * 2}


def test_scaffolded_module_predicts_the_same(made: tuple[Path, Any, Any]) -> None:
    folder, row, expected = made
    (file,) = folder.iterdir()
    shutil.copy(file, original := folder / f"the-{file.name}")
    file.unlink()
    module = save_scaffold(folder, original.name)
    client = serve(folder, TRAINED_MODEL_MODULE_NAME=module.name)
    assert predict(client, row) == approx(expected)


def approx(expected: dict[str, Any]) -> Any:
    numbers = expected.get("probabilities", {})
    is_text = isinstance(expected["prediction"], str)
    prediction = expected["prediction"] if is_text else pytest.approx(expected["prediction"], 1e-5)
    others = {"probabilities": pytest.approx(numbers, abs=1e-5)} if numbers else {}
    return {"prediction": prediction, **others}


def test_skops_file_with_other_types_is_rejected_unless_they_are_allowed(tmp_path: Path) -> None:
    class_path = "sklearn.tree._tree.Tree"
    skops.io.dump(iris_forest(), tmp_path / "model.skops")
    assert serve(tmp_path).get("/api/readiness").status_code == 200
    assert reason(tmp_path, PICKLE_ALLOWED="numpy.dtype") == (
        f"model.skops holds {class_path}, which neither skops nor PICKLE_ALLOWED trusts: add it "
        "to PICKLE_ALLOWED if you trust it"
    )


def test_object_that_does_not_predict_is_rejected(tmp_path: Path) -> None:
    save(tmp_path, {"model": 1})
    assert reason(tmp_path) == (
        "model.joblib holds a dict, which has no predict(): save an estimator, or a pipeline that "
        "ends with one"
    )


def test_file_that_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"no pickle")
    assert reason(tmp_path).startswith("load failed at model.joblib: ")


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingRegressor(max_iter=2),
        lightgbm.LGBMRegressor(n_estimators=2, verbose=-1),
        xgboost.XGBRegressor(n_estimators=2, enable_categorical=True),
    ],
)
def test_booster_of_pandas_categories_is_rejected(tmp_path: Path, model: Any) -> None:
    table = IRIS.assign(kind=pd.Categorical(["a", "b"] * 75))
    save(tmp_path, model.fit(table, SPECIES))
    assert reason(tmp_path) == (
        "model.joblib was trained with columns of pandas' category dtype, and does not tell their "
        "categories: encode them in a pipeline, or write a module"
    )
