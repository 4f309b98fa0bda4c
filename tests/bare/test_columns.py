"""What fitted transformers tell of their columns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.bare.serving import fetch, parameters, predict, serve
from tests.bare.trained import (
    FRAUD,
    IRIS,
    PAYMENT,
    PAYMENTS,
    SPECIES,
    answer_of,
    fraud_pipeline,
    save,
)
from tests.helpers import PREDICT

NUMBER = {"type": "number"}
NULL = {"type": "null"}


def test_columns_have_the_types_that_their_transformers_tell(tmp_path: Path) -> None:
    save(tmp_path, fraud_pipeline())
    assert parameters(serve(tmp_path)) == {
        "amount": {"anyOf": [NUMBER, NULL]},
        "age": {**NUMBER, "description": "18 to 89 in the training data"},
        "country": {"type": "string", "enum": ["BE", "DE", "NL"]},
        "device": {"anyOf": [{"type": "string", "enum": ["phone", "web"]}, NULL]},
    }


def test_wrong_category_is_rejected_with_the_choices(tmp_path: Path) -> None:
    save(tmp_path, fraud_pipeline())
    response = serve(tmp_path).post(PREDICT, json={**PAYMENT, "country": "XX"})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["errors"] == {"country": "'XX' is not one of ['BE', 'DE', 'NL']"}


def test_missing_value_is_imputed_and_a_value_beyond_the_training_data_is_valid(
    tmp_path: Path,
) -> None:
    save(tmp_path, model := fraud_pipeline())
    row = {**PAYMENT, "amount": None, "device": None, "age": 101.0}
    table = pd.DataFrame([{**row, "amount": np.nan, "device": np.nan}]).astype({"device": object})
    expected = model.predict_proba(table)[0, 0]
    answer = predict(serve(tmp_path), row)
    assert np.isclose(answer["probabilities"]["fraud"], expected)


def test_column_that_is_dropped_is_no_parameter(tmp_path: Path) -> None:
    columns = make_column_transformer(
        (OneHotEncoder(), ["country"]), ("drop", ["id"]), remainder="passthrough"
    )
    model = make_pipeline(columns, LogisticRegression()).fit(PAYMENTS.drop(columns="device"), FRAUD)
    save(tmp_path, model)
    assert list(parameters(serve(tmp_path))) == ["amount", "age", "country"]


def test_columns_are_selected_by_positions_slices_masks_and_functions(tmp_path: Path) -> None:
    table = PAYMENTS[["amount", "age", "country", "device"]]
    for number, selected in enumerate(
        (
            [2, 3],
            slice(2, 4),
            slice("country", "device"),
            [False, False, True, True],
            lambda table: [name for name in table if name in ("country", "device")],
        )
    ):
        columns = make_column_transformer((OneHotEncoder(), selected), remainder="passthrough")
        model = make_pipeline(columns, LogisticRegression(max_iter=2000)).fit(table, FRAUD)
        if callable(selected):
            columns.set_params(transformers=[("encode", OneHotEncoder(), [2, 3])])  # to be pickled
            model[0].transformers = columns.transformers
        save(tmp_path / str(number), model)
        schemas = parameters(serve(tmp_path / str(number)))
        assert {name for name, schema in schemas.items() if "enum" in schema} == {
            "country",
            "device",
        }, selected


def test_missing_category_of_the_training_data_is_null(tmp_path: Path) -> None:
    table = pd.DataFrame({"country": ["NL", "BE", np.nan, "NL"]}, dtype=object)
    model = make_pipeline(OrdinalEncoder(), StandardScaler(), Ridge())
    model[0].set_params(encoded_missing_value=-1)
    save(tmp_path, model.fit(table, [1, 2, 3, 4]))
    assert parameters(client := serve(tmp_path)) == {
        "country": {"anyOf": [{"type": "string", "enum": ["BE", "NL"]}, NULL]}
    }
    assert np.isclose(predict(client, {"country": None})["prediction"], model.predict(table)[2])


def test_numbers_and_booleans_are_categories_too(tmp_path: Path) -> None:
    table = pd.DataFrame({"docks": [10, 20, 10, 20], "open": [True, False, False, True],
                          "share": [0.5, 1.5, 0.5, 0.5]})  # fmt: skip
    model = make_pipeline(OneHotEncoder(), Ridge()).fit(table, [1, 2, 3, 4])
    save(tmp_path, model)
    schemas = parameters(client := serve(tmp_path))
    assert [schema["enum"] for schema in schemas.values()] == [[10, 20], [False, True], [0.5, 1.5]]
    row = {"docks": 20, "open": True, "share": 0.5}
    assert np.isclose(predict(client, row)["prediction"], model.predict(pd.DataFrame([row]))[0])


def test_more_than_a_thousand_categories_are_data(tmp_path: Path) -> None:
    table = pd.DataFrame({"user": [f"user-{number}" for number in range(1001)]})
    encoder = OneHotEncoder(handle_unknown="ignore")
    save(tmp_path, make_pipeline(encoder, Ridge()).fit(table, range(1001)))
    assert parameters(serve(tmp_path)) == {"user": {"type": "string"}}


def test_booster_that_takes_missing_values_accepts_null(tmp_path: Path) -> None:
    save(tmp_path, HistGradientBoostingRegressor(max_iter=2).fit(IRIS, SPECIES))
    schemas = parameters(serve(tmp_path))
    assert list(schemas.values()) == [{"anyOf": [NUMBER, NULL]}] * 4


def test_encoder_before_a_booster_takes_no_null_that_it_has_not_seen(tmp_path: Path) -> None:
    table = PAYMENTS[["country"]]
    encoder = OrdinalEncoder()
    booster = HistGradientBoostingRegressor(max_iter=2)
    save(tmp_path, make_pipeline(encoder, booster).fit(table, range(300)))
    response = serve(tmp_path).post(PREDICT, json={"country": None})
    assert response.status_code == 400


def test_text_model_takes_a_text(tmp_path: Path) -> None:
    texts = ["a good film", "a bad film", "so good", "so bad"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    save(tmp_path, model)
    client = serve(tmp_path)
    assert parameters(client) == {"text": {"type": "string"}}
    assert predict(client, {"text": "good"})["prediction"] == 1


def test_text_column_is_a_text(tmp_path: Path) -> None:
    table = pd.DataFrame({"review": ["good", "bad", "so good"], "stars": [5.0, 1.0, 4.0]})
    columns = make_column_transformer((TfidfVectorizer(), "review"), remainder="passthrough")
    save(tmp_path, make_pipeline(columns, LogisticRegression()).fit(table, [1, 0, 1]))
    client = serve(tmp_path)
    assert parameters(client) == {"review": {"type": "string"}, "stars": NUMBER}
    assert predict(client, {"review": "bad", "stars": 1})["prediction"] == 0


def test_search_is_described_by_its_best_estimator(tmp_path: Path) -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}, cv=2)
    save(tmp_path, search.fit(IRIS, SPECIES))
    client = serve(tmp_path)
    example = fetch(client, "/api/swagger.json")["definitions"]["input_vector"]["example"]
    assert example == {name: float(f"{value:.3g}") for name, value in IRIS.mean().to_dict().items()}
    assert fetch(client, "/api/model")["description"] == "Ridge, from model.joblib."


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: VotingClassifier([("only", model)], voting="soft"),
        lambda model: StackingClassifier([("only", model)], cv=2),
        lambda model: FixedThresholdClassifier(model, threshold=0.3, pos_label="fraud"),
    ],
)
def test_columns_of_a_pipeline_within_another_estimator_are_known(
    tmp_path: Path, wrap: Callable[[Pipeline], Any]
) -> None:
    model = wrap(fraud_pipeline())
    save(tmp_path, model.fit(PAYMENTS, FRAUD))
    client = serve(tmp_path)
    assert parameters(client)["country"] == {"type": "string", "enum": ["BE", "DE", "NL"]}
    expected = answer_of(model, pd.DataFrame([PAYMENT]))["probabilities"]
    assert predict(client, PAYMENT)["probabilities"] == pytest.approx(expected)
    assert fetch(client, "/api/model")["description"].startswith(type(model).__name__)


def test_estimator_with_a_template_is_described_by_itself(tmp_path: Path) -> None:
    save(tmp_path, AdaBoostClassifier(n_estimators=3).fit(IRIS, SPECIES))
    assert fetch(serve(tmp_path), "/api/model")["description"].startswith("AdaBoostClassifier")


def test_steps_without_statistics_take_numbers(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(np.log1p), SimpleImputer(), Ridge())
    save(tmp_path, model.fit(IRIS, SPECIES))
    assert list(parameters(serve(tmp_path)).values()) == [NUMBER] * 4
