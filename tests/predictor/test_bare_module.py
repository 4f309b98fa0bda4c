"""The module of a model file: loaded once, with the names of the training script looked up."""

import sys
from pathlib import Path

import pytest
from sklearn.linear_model import Ridge

from app.bare.model_file import find_model_file
from app.predictor.bare_module import load_model_file
from app.predictor.module import ModelModule
from tests.bare.serving import reason
from tests.bare.test_formats import an_onnx_classifier
from tests.bare.trained import IRIS, SPECIES, save


def load(folder: Path) -> ModelModule:
    file = find_model_file(folder, "")
    assert file
    return load_model_file(file, ())


def test_model_that_is_described_is_not_loaded_again(tmp_path: Path) -> None:
    save(tmp_path, Ridge().fit(IRIS, SPECIES))
    module = load(tmp_path)
    assert not hasattr(module, "init")
    assert module.run(module.sample())["prediction"] == pytest.approx(
        module.run_batch([module.sample()])[0]["prediction"]
    )


def test_each_process_makes_its_own_session(tmp_path: Path) -> None:
    an_onnx_classifier(tmp_path)
    module = load(tmp_path)
    assert getattr(module, "load_per_process", False)
    assert hasattr(module, "init")


def test_class_of_the_training_script_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type("Ratio", (Ridge,), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "Ratio", kind, raising=False)
    save(tmp_path, kind().fit(IRIS, SPECIES), "fraud.joblib")
    monkeypatch.undo()
    assert reason(tmp_path) == (
        "load failed at fraud.joblib: AttributeError; 'Ratio' was pickled from the training "
        "script: define or import it in fraud.py"
    )
