"""Models that do not tell all of their input, and the sample beside the file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skl2onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from tests.bare.serving import fetch, parameters, predict, reason, save_scaffold, serve
from tests.bare.trained import FRAUD, IRIS, PAYMENTS, ROW, SPECIES, save
from tests.helpers import PREDICT

X = IRIS.to_numpy()


def give_sample(folder: Path, sample: object, name: str = "model") -> None:
    (folder / f"{name}.sample.json").write_text(json.dumps(sample))


def test_model_without_names_takes_a_list(tmp_path: Path) -> None:
    save(tmp_path, model := make_pipeline(StandardScaler(), Ridge()).fit(X, SPECIES))
    client = serve(tmp_path)
    assert parameters(client) == {
        "features": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
    }
    answer = predict(client, {"features": [6, 3, 4.5, 1.5]})
    assert answer == {"prediction": pytest.approx(model.predict([[6, 3, 4.5, 1.5]])[0])}
    response = client.post(PREDICT, json={"features": [6, 3, 4.5]})
    assert response.json is not None
    assert response.json["errors"] == {"features": "[6, 3, 4.5] is too short"}


def test_list_may_hold_categories(tmp_path: Path) -> None:
    columns = make_column_transformer((OneHotEncoder(), [0]), remainder="passthrough")
    table = PAYMENTS[["country", "amount"]].to_numpy()
    save(tmp_path, make_pipeline(columns, LogisticRegression()).fit(table, FRAUD))
    answer = predict(serve(tmp_path), {"features": ["NL", 150.0]})
    assert answer["prediction"] == "fraud"


def test_sample_names_the_columns_of_an_array(tmp_path: Path) -> None:
    save(tmp_path, model := Ridge().fit(X, SPECIES))
    give_sample(tmp_path, ROW)
    client = serve(tmp_path)
    assert parameters(client) == {name: {"type": "number"} for name in ROW}
    expected = pytest.approx(model.predict([[*ROW.values()]])[0])
    assert predict(client, dict(reversed(ROW.items()))) == {"prediction": expected}
    module = save_scaffold(tmp_path, "model.joblib")
    module.rename(tmp_path / "served.py")
    again = serve(tmp_path, TRAINED_MODEL_MODULE_NAME="served")
    assert predict(again, ROW) == {"prediction": expected}


def test_sample_is_the_example_of_a_model_with_names(tmp_path: Path) -> None:
    save(tmp_path, Ridge().fit(IRIS, SPECIES))
    give_sample(tmp_path, ROW)
    document = fetch(serve(tmp_path), "/api/swagger.json")
    assert document["definitions"]["input_vector"]["example"] == ROW


def test_sample_tells_that_a_column_is_a_text(tmp_path: Path) -> None:
    to_numbers = FunctionTransformer(pd.get_dummies, kw_args={"columns": ["country"]})
    model = make_pipeline(to_numbers, Ridge())
    table = pd.DataFrame({"amount": [1.5, 2.5], "country": ["NL", "NL"]})
    save(tmp_path, model.fit(table, [1, 2]))
    give_sample(tmp_path, {"amount": 1.5, "country": "NL"})
    client = serve(tmp_path)
    assert parameters(client) == {"amount": {"type": "number"}, "country": {"type": "string"}}
    assert predict(client, {"amount": 2, "country": "NL"}) == {"prediction": pytest.approx(1.5, 1)}


def test_sample_of_another_size_is_rejected(tmp_path: Path) -> None:
    save(tmp_path, Ridge().fit(X, SPECIES))
    give_sample(tmp_path, {"a": 1, "b": 2})
    assert reason(tmp_path) == (
        "model.sample.json has 2 parameters, but the model in model.joblib takes 4: give an "
        "example of each, in their order"
    )


@pytest.mark.parametrize(("text", "wrong"), [("[1]", "is no JSON object"), ("{", "cannot be read")])
def test_sample_that_is_no_object_is_rejected(tmp_path: Path, text: str, wrong: str) -> None:
    save(tmp_path, Ridge().fit(X, SPECIES))
    (tmp_path / "model.sample.json").write_text(text)
    assert reason(tmp_path).startswith(f"model.sample.json {wrong}")


def test_model_that_tells_nothing_asks_for_a_sample(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(len, validate=False), Ridge())
    model[-1].fit(X[:, :1], SPECIES)
    save(tmp_path, model)
    assert reason(tmp_path) == (
        "model.joblib holds a Ridge that does not tell what it takes: give an example in "
        'model.sample.json, such as {"amount": 99.5, "country": "NL"}'
    )


def test_onnx_model_of_columns_is_given_a_sample(tmp_path: Path) -> None:
    table = PAYMENTS[["amount", "country"]]
    columns = make_column_transformer(
        (StandardScaler(), ["amount"]), (OneHotEncoder(), ["country"])
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table, FRAUD)
    types = [("amount", FloatTensorType([None, 1])), ("country", StringTensorType([None, 1]))]
    onnx = skl2onnx.to_onnx(model, initial_types=types)
    (tmp_path / "model.onnx").write_bytes(onnx.SerializeToString())
    assert "a sample (to give a real one, write model.sample.json)" in reason(tmp_path)
    give_sample(tmp_path, {"amount": 150.5, "country": "NL"})
    client = serve(tmp_path)
    assert parameters(client) == {"amount": {"type": "number"}, "country": {"type": "string"}}
    answer = predict(client, {"amount": 150.5, "country": "BE"})
    expected = model.predict_proba(table.head(1).assign(amount=150.5, country="BE"))[0, 0]
    assert np.isclose(answer["probabilities"]["fraud"], expected, atol=1e-5)


def test_onnx_model_of_an_open_size_asks_for_a_sample(tmp_path: Path) -> None:
    model = Ridge().fit(X.astype(np.float32), SPECIES)
    onnx = skl2onnx.to_onnx(model, initial_types=[("X", FloatTensorType([None, None]))])
    (tmp_path / "model.onnx").write_bytes(onnx.SerializeToString())
    assert reason(tmp_path) == (
        "model.onnx does not tell the size of its input 'X': give an example in "
        'model.sample.json, such as {"features": [1.5, 2.5]}'
    )
    give_sample(tmp_path, ROW)
    expected = pytest.approx(model.predict([[*ROW.values()]])[0], abs=1e-4)
    assert predict(serve(tmp_path), ROW) == {"prediction": expected}
