"""Which file of a model folder is served without a module."""

from pathlib import Path

from sklearn.linear_model import Ridge

from tests.bare.serving import fetch, reason, serve
from tests.bare.trained import IRIS, SPECIES, save
from tests.helpers import write_module

MODEL = Ridge().fit(IRIS, SPECIES)


def name(folder: Path, **settings: str) -> str:
    model = fetch(serve(folder, **settings), "/api/model")
    assert model["state"] == "ready"
    return str(model["name"])


def test_module_comes_before_a_model_file(tmp_path: Path) -> None:
    save(tmp_path, MODEL)
    write_module(tmp_path, "def run(row): return 1", "fraud")
    assert name(tmp_path, TRAINED_MODEL_MODULE_NAME="fraud") == "fraud"
    assert reason(tmp_path).startswith("Model module 'ml_trained_model' is not in the model folder")


def test_model_file_that_is_named_is_served_beside_modules_and_others(tmp_path: Path) -> None:
    save(tmp_path, MODEL, "one.joblib")
    save(tmp_path, MODEL, "two.joblib")
    write_module(tmp_path, "def run(row): return 1", "fraud")
    assert name(tmp_path, TRAINED_MODEL_MODULE_NAME="two.joblib") == "two"


def test_model_file_that_is_named_and_missing_is_not_replaced_by_another(tmp_path: Path) -> None:
    save(tmp_path, MODEL, "one.joblib")
    assert reason(tmp_path, TRAINED_MODEL_MODULE_NAME="two.joblib").startswith(
        "Model module 'two.joblib' is not in the model folder"
    )


def test_several_model_files_are_named(tmp_path: Path) -> None:
    save(tmp_path, MODEL, "one.joblib")
    save(tmp_path, MODEL, "two.pkl")
    assert reason(tmp_path) == (
        "The model folder holds no module but several model files, one.joblib, two.pkl: set "
        "TRAINED_MODEL_MODULE_NAME to the name of one, or write a module that uses them"
    )
    assert name(tmp_path, TRAINED_MODEL_MODULE_NAME="one") == "one"


def test_other_files_are_no_models(tmp_path: Path) -> None:
    save(tmp_path, MODEL, "fraud.joblib")
    (tmp_path / "labels.txt").write_text("tree\nhouse\n"[5:])
    (tmp_path / "fraud.json").write_text('{"made_with": {"python": "3.13.0"}}')
    (tmp_path / ".hidden.joblib").write_text("")
    (tmp_path / "data").mkdir()
    assert name(tmp_path, VERSION_CHECK="off") == "fraud"


def test_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    assert reason(tmp_path) == (
        "Model module 'ml_trained_model' is not in the model folder, which holds no module: put "
        "ml_trained_model.py or one model file (.joblib, .pkl, .skops, .onnx, …) there, or set "
        "TRAINED_MODEL_MODULE_NAME"
    )


def test_golden_cases_and_checksums_hold_for_a_model_file(tmp_path: Path) -> None:
    save(tmp_path, MODEL)
    (tmp_path / "model.cases.json").write_text(
        '{"cases": [{"input": {"sepal_length": 1, "sepal_width": 1, "petal_length": 1, '
        '"petal_width": 1}, "output": {"prediction": 100}}]}'
    )
    assert reason(tmp_path).startswith("Self-test: golden case 1 of model.cases.json does not")
    assert reason(tmp_path, MODEL_CHECKSUMS=f"{'0' * 64}  other.joblib").startswith(
        "model.cases.json in the model folder has no checksum"
    )


def test_pickle_policy_holds_for_a_model_file(tmp_path: Path) -> None:
    save(tmp_path, MODEL)
    assert reason(tmp_path, PICKLE_POLICY="forbid").startswith("model.joblib is a pickle, which")
