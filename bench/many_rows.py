"""The scenario "many-rows": one caller that sends 1000 rows a call, to each server that takes them.

Each server has one process. After each request, the model's own batch call is measured in the
process that sends them, so that a change of the machine's speed affects both alike.
"""

from dataclasses import replace
from statistics import mean
from urllib.error import URLError

import joblib

from bench.batch_forms import FORMS, BatchForm, Rows
from bench.paired_calls import paired_calls
from bench.registry import SERVERS
from bench.results import Results, Values
from bench.server_process import BenchError, check, run_server, send
from bench.servers import BENCH, MODELS, Server

NAME = "many-rows"
ROWS = 1000
VENVS = tuple(dict.fromkeys(SERVERS[form.server].venv for form in FORMS))
_WARM_UP = 1  # seconds


def measure(seconds: float) -> dict[str, float]:
    """Measure each form of a request of 1000 rows with both models.

    Returns:
        For each model and form the medians: "ms" of a request, "model ms" of the model's own call,
        and "ratio" of a request to the call that follows it.

    Raises:
        BenchError: a server does not start, a request fails, or a prediction is wrong.

    """
    values = {}
    data = joblib.load(BENCH / "models" / "batches.joblib")
    for model in MODELS:
        with paired_calls(model) as calls:
            for form in FORMS:
                server = _server(form, model)
                batches, expected = data["batches"], data[model]
                with run_server(server, model, batches[0][:64], expected[0][:64]) as running:
                    bodies = [form.body(batch) for batch in batches]
                    _verify(running.url, form, batches, expected, server.tolerance)
                    calls.measure(running.url, bodies, _WARM_UP)
                    durations = calls.measure(running.url, bodies, seconds)
                values[f"{model}: {form.key}: ms"] = durations.request_ms
                values[f"{model}: {form.key}: model ms"] = durations.model_ms
                values[f"{model}: {form.key}: ratio"] = durations.ratio
    return values


def milliseconds(results: Results, model: str, form: BatchForm) -> Values:
    """Return the median duration of a request, for each round."""
    return results.scenario(NAME, f"{model}: {form.key}: ms")


def to_own_call(results: Results, model: str, form: BatchForm) -> Values:
    """Return the ratio of that to the duration of the model's own batch call."""
    return results.scenario(NAME, f"{model}: {form.key}: ratio")


def own_milliseconds(results: Results, model: str) -> Values:
    """Return the duration of the model's own batch call, the mean of each round."""
    rounds: dict[int, list[float]] = {}
    for form in FORMS:
        for number, value in results.scenario(NAME, f"{model}: {form.key}: model ms").items():
            rounds.setdefault(number, []).append(value)
    return {number: mean(values) for number, values in rounds.items()}


def _server(form: BatchForm, model: str) -> Server:
    """Return the server with the form's path, to which a single row is sent as a list of one."""
    server = SERVERS[form.server]
    return replace(
        server,
        key=form.key,
        path=form.path.format(model=model),
        env={**server.env, **form.env},
        body=lambda row: form.body([row]),
        parse_response=lambda response: form.parse_response(response)[0],
    )


def _verify(
    url: str, form: BatchForm, batches: list[Rows], expected: list[list[float]], tolerance: float
) -> None:
    for batch, values in zip(batches, expected, strict=True):
        try:
            predictions = send(url, form.body(batch), form.parse_response)
        except URLError as error:
            raise BenchError(f"{ROWS} rows fail: {error}") from error
        if len(predictions) != ROWS:
            raise BenchError(f"returns {len(predictions)} predictions for {ROWS} rows")
        for prediction, value in zip(predictions, values, strict=True):
            check(prediction, value, tolerance)
