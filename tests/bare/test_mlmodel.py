"""Folders that MLflow has saved: their `MLmodel` names the file, and tells of its input."""

import json
from pathlib import Path
from typing import Any

import pytest
import skops.io
import yaml
from lightgbm import LGBMClassifier
from sklearn.linear_model import Ridge

from tests.bare.serving import fetch, parameters, predict, reason, save_scaffold, serve
from tests.bare.trained import IRIS, ROW, SPECIES, save

SKLEARN = {"sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}}
COLUMNS = [
    {"type": "double", "name": "sepal_length", "required": True},
    {"type": "double", "name": "sepal_width", "required": True},
    {"type": "long", "name": "petal_length", "required": True},
    {"type": "double", "name": "petal_width", "required": False},
]
TENSOR = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
EXAMPLE = {"columns": [*ROW], "data": [[6.1, 2.9, 4, 1.4], [5.1, 3.5, 1.4, 0.2]]}


def write_mlmodel(
    folder: Path, flavors: dict[str, Any], inputs: Any = None, example: Any = None
) -> None:
    """Write the files of MLflow 3.17 that tell of a model."""
    content: dict[str, Any] = {"flavors": {"python_function": {}, **flavors}}
    if inputs:
        content["signature"] = {"inputs": json.dumps(inputs), "outputs": None, "params": None}
    if example:
        (folder / "input_example.json").write_text(json.dumps(example))
        content["saved_input_example_info"] = {"artifact_path": "input_example.json"}
    (folder / "MLmodel").write_text(yaml.safe_dump(content))
    (folder / "python_env.yaml").write_text("python: 3.13.0\n")


def test_signature_and_example_tell_of_a_model_with_names(tmp_path: Path) -> None:
    save(tmp_path, model := Ridge().fit(IRIS, SPECIES), "model.pkl")
    write_mlmodel(tmp_path, SKLEARN, COLUMNS[:3], EXAMPLE)
    client = serve(tmp_path)
    schemas = parameters(client)
    assert schemas["petal_length"] == {"type": "integer", "format": "int64"}
    assert schemas["petal_width"] == {"type": "number"}
    document = fetch(client, "/api/swagger.json")
    assert document["definitions"]["input_vector"]["example"] == {**ROW, "petal_length": 4}
    expected = pytest.approx(model.predict(IRIS.iloc[[0]].assign(petal_length=1))[0])
    row = {**IRIS.iloc[0].to_dict(), "petal_length": 1}
    assert predict(client, row) == {"prediction": expected}


def test_signature_names_the_columns_of_an_array(tmp_path: Path) -> None:
    save(tmp_path, model := Ridge().fit(IRIS.to_numpy(), SPECIES), "model.pkl")
    columns = [{**column, "type": "double", "required": True} for column in COLUMNS]
    write_mlmodel(tmp_path, SKLEARN, columns)
    client = serve(tmp_path)
    expected = pytest.approx(model.predict([[*ROW.values()]])[0])
    assert predict(client, ROW) == {"prediction": expected}


def test_tensor_is_a_list(tmp_path: Path) -> None:
    save(tmp_path, Ridge().fit(IRIS.to_numpy(), SPECIES), "model.pkl")
    write_mlmodel(tmp_path, SKLEARN, TENSOR, [[6.1, 2.9, 4.7, 1.4], [5.1, 3.5, 1.4, 0.2]])
    document = fetch(serve(tmp_path), "/api/swagger.json")
    assert document["definitions"]["input_vector"]["example"] == {"features": [6.1, 2.9, 4.7, 1.4]}


def test_folder_of_another_name_is_served_by_that_name(tmp_path: Path) -> None:
    folder = tmp_path / "irises"
    save(folder, Ridge().fit(IRIS, SPECIES), "model.pkl")
    write_mlmodel(folder, SKLEARN)
    assert fetch(serve(tmp_path), "/api/model")["name"] == "irises"
    assert fetch(serve(folder), "/api/model")["name"] == "irises"


def test_trusted_types_of_skops_are_those_of_the_flavor(tmp_path: Path) -> None:
    model = LGBMClassifier(n_estimators=2, verbose=-1).fit(IRIS, SPECIES)
    skops.io.dump(model, tmp_path / "model.skops")
    flavor = {"data": "model.skops", "model_class": "lightgbm.sklearn.LGBMClassifier"}
    write_mlmodel(tmp_path, {"lightgbm": flavor})
    assert "lightgbm.sklearn.LGBMClassifier" in reason(tmp_path)
    types = ["lightgbm.sklearn.LGBMClassifier", "lightgbm.basic.Booster", "collections.OrderedDict"]
    write_mlmodel(tmp_path, {"lightgbm": {**flavor, "skops_trusted_types": types}})
    assert predict(serve(tmp_path), ROW)["prediction"] in (0, 1, 2)


def test_file_that_mlflow_names_in_its_own_way_is_read_by_the_flavor(tmp_path: Path) -> None:
    model = LGBMClassifier(n_estimators=2, verbose=-1).fit(IRIS, SPECIES)
    model.booster_.save_model(tmp_path / "model.lgb")
    write_mlmodel(tmp_path, {"lightgbm": {"data": "model.lgb"}})
    assert predict(serve(tmp_path), ROW)["prediction"] in (0, 1, 2)


def test_scaffold_of_a_folder_predicts_the_same(tmp_path: Path) -> None:
    save(tmp_path, Ridge().fit(IRIS, SPECIES), "model.pkl")
    write_mlmodel(tmp_path, SKLEARN, COLUMNS, EXAMPLE)
    row = {**ROW, "petal_length": 4}
    expected = predict(serve(tmp_path), row)
    module = save_scaffold(tmp_path, "MLmodel")
    assert predict(serve(tmp_path, TRAINED_MODEL_MODULE_NAME=module.name), row) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "flavors: {python_function: {}, spark: {}}",
            "MLmodel has the flavors python_function, spark: save the model with one of sklearn, ",
        ),
        (
            "flavors: {sklearn: {pickled_model: model.pkl}}",
            "MLmodel names model.pkl, which is not there: add the file",
        ),
        ("flavors: {sklearn: {}}", "MLmodel is not as MLflow writes it (StopIteration): "),
        ("[1, 2", "MLmodel is not as MLflow writes it (ParserError): save the model again"),
        ("- 1", "MLmodel is not as MLflow writes it (TypeError): save the model again"),
        ("flavors: {sklearn: {pickled_model: ../up.pkl}}", "MLmodel names a file beyond"),
    ],
)
def test_mlmodel_that_cannot_be_used_has_a_reason(
    tmp_path: Path, content: str, expected: str
) -> None:
    (tmp_path / "MLmodel").write_text(content)
    assert reason(tmp_path).startswith(expected)
