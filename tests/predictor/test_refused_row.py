"""Which exceptions of `run()` refuse a row, and how; all others mean that the model failed."""

from pathlib import Path

import pytest

from app.errors import PredictionError, RefusedError
from app.predictor.loaded_model import LoadedModel
from app.predictor.module import load_module
from app.predictor.parameters import Parameters
from tests.helpers import write_module

IMPORTS = "import flask_restx\nfrom datetime import *\nfrom flask import Response, abort\nfrom werkzeug.exceptions import *\n"
CLASSES = """
class Text(str):
    def __str__(self): raise ValueError
    def encode(self, *_): raise ValueError

class Own(HTTPException):
    def __init__(self, code, description=None, retry_after=None):
        super().__init__(description)
        self.code, self.retry_after = code, retry_after

class Broken(HTTPException):
    def __init__(self, **errors): self.errors = errors
    @property
    def code(self): return self.value('code', 422)
    @property
    def description(self): return self.value('description', 'text')
    @property
    def retry_after(self): return self.value('retry_after', 1)
    def value(self, name, value):
        if name in self.errors: raise self.errors[name]
        return value

class Pretender(Exception):
    @property
    def __class__(self): raise SystemExit
"""


def load(folder: Path, statement: str) -> LoadedModel:
    source = f"def run(row): {statement}\ndef run_batch(rows): {statement}\n{IMPORTS}{CLASSES}"
    file = write_module(folder, source, "fraud")
    return LoadedModel(file, load_module(file), Parameters({}), supports_batching=True)


def refusal(folder: Path, statement: str) -> RefusedError:
    model = load(folder, statement)
    with pytest.raises(RefusedError) as error:
        model.predict({})
    with pytest.raises(RefusedError) as error_of_batch:
        model.predict_batch([{}, {}])
    assert error_of_batch.value.description == error.value.description
    assert error_of_batch.value.status == error.value.status
    return error.value


@pytest.mark.parametrize(
    ("statement", "status", "description"),
    [
        ("abort(422, 'country XX is unknown')", 422, "country XX is unknown"),
        ("abort(418)", 418, "This server is a teapot, not a coffee machine"),
        ("abort(401, 'who?', response=Response('x'))", 401, "who?"),
        ("raise BadRequest('unknown')", 400, "unknown"),
        ("raise Forbidden('not yours')", 403, "not yours"),
        ("raise Own(499)", 499, "Unknown Error"),
        ("flask_restx.abort(422, 'country XX is unknown', more=1)", 422, "country XX is unknown"),
        ("raise Own(422, '')", 422, ""),
        ("raise Own(422, 'one\\ntwo')", 422, "one\ntwo"),
        ("raise Own(422, {'country': ['XX']})", 422, "{'country': ['XX']}"),
        ("raise Own(422, b'XX')", 422, "b'XX'"),
        ("raise Own(422, 7)", 422, "7"),
        ("raise Own(422, '\\ud800')", 422, "\\ud800"),
        ("raise Own(422, 'x' * 20_000)", 422, "x" * 10_000 + "…"),
    ],
)
def test_a_4xx_of_werkzeug_refuses_the_row_with_its_description(
    tmp_path: Path, statement: str, status: int, description: str
) -> None:
    error = refusal(tmp_path, statement)
    assert (error.status, error.description) == (status, description)
    assert error.retry_after is None


def test_a_generator_refuses_its_batch_too(tmp_path: Path) -> None:
    file = write_module(
        tmp_path,
        "import flask\ndef run(row): ...\ndef run_batch(rows): yield flask.abort(409, 'late')\n",
        "fraud",
    )
    model = LoadedModel(file, load_module(file), Parameters({}), supports_batching=True)
    with pytest.raises(
        RefusedError, match=r"^run_batch\(\) refused a row at fraud.py, line 3: 409"
    ):
        model.predict_batch([{}])


def test_the_message_is_one_line_that_says_where_and_the_reason_has_no_text(tmp_path: Path) -> None:
    error = refusal(tmp_path, "abort(422, 'XX is unknown\\nsecret')")
    what = "run() refused a row at fraud.py, line 1: 422 Unprocessable Entity"
    assert error.reason == what
    assert str(error) == f"{what}: XX is unknown"


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("0", 0), ("datetime.now()", None), ("-1", None), ("10**5000", None), ("'7'", None)],
)
@pytest.mark.parametrize("raised", ["TooManyRequests(retry_after={})", "Own(404, 'x', {})"])
def test_a_whole_number_of_seconds_is_kept_for_retry_after(
    tmp_path: Path, raised: str, retry_after: str, seconds: int | None
) -> None:
    error = refusal(tmp_path, f"raise {raised.format(retry_after)}")
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "statement",
    [
        "abort(Response('mine', 422))",
        "abort(500, 'mine')",
        "raise ServiceUnavailable('mine')",
        "raise HTTPException('mine')",
        "raise Own(399)",
        "raise Own(500)",
        "raise Own('many')",
        "raise Own(10**5000)",
        "raise Own(422, Text('mine'))",
        "raise Broken(code=ValueError())",
        "raise Broken(code=SystemExit())",
        "raise Broken(description=KeyboardInterrupt())",
        "raise Broken(retry_after=ValueError())",
        "raise Pretender",
        "raise ValueError('X has 3 features, but 4 are expected')",
    ],
)
def test_anything_else_is_an_error_of_the_model(tmp_path: Path, statement: str) -> None:
    model = load(tmp_path, statement)
    with pytest.raises(PredictionError, match=r"^run\(\) failed at fraud.py, line 1"):
        model.predict({})
    with pytest.raises(PredictionError, match=r"^run_batch\(\) failed at fraud.py, line 2"):
        model.predict_batch([{}])
