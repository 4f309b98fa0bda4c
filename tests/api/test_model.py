"""`GET /api/model`: what is known of the model, in every state."""

import datetime
import hashlib
import os
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from tests.helpers import ECHO, GATED_INIT, VALID, eventually, make_app, make_client, write_module

DESCRIBED = '''"""Predict bikes.

    By the weather.
    """
__version__ = "3.1"
def run(input_data): return input_data
'''
RUN = "\ndef run(input_data): return input_data\n"


def model_of(client: FlaskClient) -> dict[str, Any]:
    """Return the response, which must be as the document says."""
    response = client.get("/api/model")
    assert response.status_code == HTTPStatus.OK
    model: dict[str, Any] | None = response.json
    assert model is not None
    document = client.get("/api/openapi.json").json
    assert document is not None
    Draft202012Validator(document["components"]["schemas"]["model"]).validate(model)
    for schema in (model["parameters"], model["answer"]):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)
    return model


def test_the_module_tells_name_version_and_description(tmp_path: Path) -> None:
    write_module(tmp_path, DESCRIBED, "bikes")
    client = make_client(tmp_path, RUN, TRAINED_MODEL_MODULE_NAME="bikes.py")
    model = model_of(client)
    assert (model["name"], model["version"]) == ("bikes", "3.1")
    assert model["description"] == "Predict bikes.\n\nBy the weather."
    assert model["state"] == "ready"
    assert datetime.datetime.fromisoformat(model["since"]).tzinfo is not None


def test_the_only_module_has_its_name(tmp_path: Path) -> None:
    assert model_of(make_client(tmp_path, RUN, TRAINED_MODEL_MODULE_NAME=""))["name"] == (
        "ml_trained_model"
    )


def test_the_parameters_accept_the_example_in_them(client: FlaskClient) -> None:
    parameters = model_of(client)["parameters"]
    assert parameters["examples"] == [VALID]
    validator = Draft202012Validator(parameters)
    assert validator.is_valid(VALID)
    assert not validator.is_valid({**VALID, "int_param": "a"})


LEARNED = """
    def sample():
        return {"docks": 4}

    def run(input_data):
        return {"bikes": input_data["docks"] / 2, "level": "low"}
"""
DECLARED = """
    from typing import Literal, TypedDict

    class Prediction(TypedDict):
        bikes: float
        level: Literal["low", "high"]
""" + LEARNED.replace("(input_data)", "(input_data) -> Prediction")


def test_an_answer_is_learned_from_the_self_test(tmp_path: Path) -> None:
    answer = model_of(make_client(tmp_path, LEARNED))["answer"]
    assert answer["properties"] == {"bikes": {"type": "number"}, "level": {"type": "string"}}
    assert answer["required"] == ["bikes", "level"]
    assert answer["examples"] == [{"bikes": 2.0, "level": "low"}]
    assert answer["description"].endswith("other predictions may differ")


def test_an_answer_is_what_run_declares(tmp_path: Path) -> None:
    answer = model_of(make_client(tmp_path, DECLARED))["answer"]
    assert answer["properties"]["level"] == {"type": "string", "enum": ["low", "high"]}
    assert answer["examples"] == [{"bikes": 2.0, "level": "low"}]
    assert answer["description"] == "what run() returned"


def test_a_declared_answer_is_known_before_the_self_test(tmp_path: Path) -> None:
    init = "\n    def init():\n        raise OSError\n"
    client = make_client(tmp_path, DECLARED + init)
    model = model_of(client)
    assert model["state"] == "failed"
    assert set(model["answer"]["properties"]) == {"bikes", "level"}
    assert "examples" not in model["answer"]


def test_a_deep_sample_is_described_to_some_depth(tmp_path: Path) -> None:
    sample = "{'a':" * 190 + "1" + "}" * 190
    client = make_client(tmp_path, f"def sample(): return {sample}\ndef run(row): return row")
    for path in ("/api/model", "/api/swagger.json", "/api/openapi.json"):
        assert client.get(path).status_code == 200
    assert str(model_of(client)["parameters"]).count("properties") == 51


def test_without_sample_nothing_is_known_of_the_answer(tmp_path: Path) -> None:
    answer = model_of(make_client(tmp_path, RUN))["answer"]
    assert answer.keys() == {"$schema", "description"}


@pytest.mark.parametrize(
    ("name", "source", "known"),
    [
        ("ml_trained_model", "def run(:", "ml_trained_model"),
        ("gone.py", "", "gone"),
        ("", "raise OSError", None),
    ],
)
def test_a_model_that_is_not_imported_has_the_configured_name(
    tmp_path: Path, name: str, source: str, known: str | None
) -> None:
    model = model_of(make_client(tmp_path, source, TRAINED_MODEL_MODULE_NAME=name))
    assert model["name"] == known
    assert model["state"] == "failed"
    assert model["version"] is model["description"] is None
    assert model["made_with"] == {}
    assert "properties" not in model["parameters"]


def test_a_model_that_loads_is_described_once_it_is_imported(tmp_path: Path) -> None:
    source = GATED_INIT + "\n    __version__ = '2'\n"
    client = make_client(tmp_path, source, MULTITHREADED_INIT=True)
    eventually(lambda: model_of(client)["version"] == "2")
    assert model_of(client)["state"] == "loading"
    (tmp_path / "gate").touch()
    eventually(lambda: model_of(client)["state"] == "ready")


def test_a_draining_model_is_described(tmp_path: Path) -> None:
    app = make_app(tmp_path, ECHO)
    app.predictor.drain()
    assert model_of(app.test_client())["state"] == "draining"


@pytest.mark.parametrize(
    "version", ["1.0", "None", "['a']", "b'1'", "object()", "type('T', (), {'__eq__': None})()"]
)
def test_a_version_that_is_no_text_is_unknown(tmp_path: Path, version: str) -> None:
    client = make_client(tmp_path, f"__version__ = {version}{RUN}")
    assert model_of(client)["version"] is None


@pytest.mark.parametrize(
    ("line", "keyword", "expected"),
    [
        ('__doc__ = "a\\ud800b"', "description", "a\\ud800b"),
        ("__doc__ = 5", "description", None),
        ("__doc__ = ''", "description", ""),
        ('__version__ = "\\udcff"', "version", "\\udcff"),
        ("class T(str):\n    def encode(self, *_): raise OSError\n__version__ = T('1')", "version", "1"),
        ("def __getattr__(name): raise OSError(name)", "version", None),
        ("__name__ = 7", "name", "ml_trained_model"),
    ],
)  # fmt: skip
def test_what_a_module_may_hold_does_not_keep_it_from_being_described(
    tmp_path: Path, line: str, keyword: str, expected: str | None
) -> None:
    assert model_of(make_client(tmp_path, line + RUN))[keyword] == expected


def test_made_with_has_the_versions_of_the_record(tmp_path: Path) -> None:
    record = '{"made_with": {"python": "3.11.0", "scikit-learn": 1, "\\ud800": "\\ud800"}}'
    (tmp_path / "ml_trained_model.json").write_text(record)
    made_with = model_of(make_client(tmp_path, RUN))["made_with"]
    assert made_with == {"python": "3.11.0", "scikit-learn": "1", "\\ud800": "\\ud800"}


def test_a_record_that_is_not_valid_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "ml_trained_model.json").write_text('{"made_with": [1]}')
    assert model_of(make_client(tmp_path, RUN, VERSION_CHECK="off"))["made_with"] == {}


def test_the_files_of_the_model_folder_have_their_checksums(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("a")
    (tmp_path / os.fsdecode(b"\xff")).touch()
    client = make_client(tmp_path, DESCRIBED)
    module = (tmp_path / "ml_trained_model.py").read_bytes()
    expected = {
        "labels/a.txt": hashlib.sha256(b"a").hexdigest(),
        "ml_trained_model.py": hashlib.sha256(module).hexdigest(),
        "\\udcff": hashlib.sha256(b"").hexdigest(),
    }
    assert model_of(client)["files"] == expected


@pytest.mark.parametrize(
    ("source", "settings"),
    [("def run(:", {}), ("raise OSError", {}), (RUN, {"MODEL_CHECKSUMS": f"{'0' * 64}  a"})],
)
def test_the_files_of_a_model_that_fails_to_load_are_known(
    tmp_path: Path, source: str, settings: dict[str, str]
) -> None:
    model = model_of(make_client(tmp_path, source, **settings))
    assert model["state"] == "failed"
    assert model["files"] == {"ml_trained_model.py": hashlib.sha256(source.encode()).hexdigest()}


def test_without_a_model_folder_there_are_no_files(tmp_path: Path) -> None:
    client = make_client(tmp_path, RUN, MODEL_DIR=str(tmp_path / "gone"))
    assert model_of(client)["files"] == {}


def test_a_file_over_1_gib_does_not_delay_readiness(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**30 + 1)
    client = make_client(tmp_path, GATED_INIT, MULTITHREADED_INIT=True)
    eventually((tmp_path / "started-init").exists)
    files = model_of(client)["files"]
    assert files["large"] is None
    assert files["ml_trained_model.py"] is not None
    (tmp_path / "gate").touch()
    eventually(lambda: model_of(client)["state"] == "ready")
    assert re.fullmatch("[0-9a-f]{64}", eventually(lambda: model_of(client)["files"]["large"], 60))
