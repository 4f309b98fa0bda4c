"""Values counted by a profile."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.predictor.bins import CategoryBins, NumberBins
from app.predictor.drift import Drift
from app.predictor.profile import Profile
from tests.helpers import PREDICT, eventually, make_app, make_client
from tests.predictor.profiles import BATCHES, MODEL, PROFILE, ROWS, by_bin, write


def flushed(drift: Drift) -> Counter[tuple[str, str, str]]:
    """Return the counts, all of which come once."""
    counts = Counter[tuple[str, str, str]]()

    def add(source: str, name: str, bin_: str, number: int) -> None:
        counts[source, name, bin_] += number

    drift.flush(add)
    drift.flush(add)
    return +counts


def test_each_bin_is_exposed_from_the_start(tmp_path: Path) -> None:
    write(tmp_path)
    text = make_client(tmp_path, MODEL).get("/metrics").text
    numbers = ["below", "1", "2", "above", "unknown", "null"]
    names = {
        *(("input", "x", label) for label in numbers),
        *(("answer", "y", label) for label in numbers),
        *(("input", "kind", label) for label in ("a", "unknown", "null")),
    }
    assert by_bin(text) == dict.fromkeys(names, 0)  # the self-test does not count
    shares = by_bin(text, "ml_rest_api_profile_expected_ratio")
    assert shares.keys() == names
    assert {key: value for key, value in shares.items() if value} == {
        ("input", "x", "1"): 0.5, ("input", "x", "2"): 0.5, ("input", "kind", "a"): 0.75,
        ("input", "kind", "unknown"): 0.25, ("answer", "y", "1"): 0.5, ("answer", "y", "2"): 0.5,
    }  # fmt: skip


def test_without_a_profile_nothing_is_exposed(tmp_path: Path) -> None:
    client = make_client(tmp_path, MODEL)
    client.post(PREDICT, json=ROWS[0])
    text = client.get("/metrics").text
    assert not by_bin(text)
    assert "profile_expected" not in text


def test_a_broken_profile_fails_the_load(tmp_path: Path) -> None:
    write(tmp_path, profile={"input": {"z": PROFILE["input"]["x"]}})
    predictor = make_app(tmp_path, MODEL).predictor
    assert not predictor.accepts_requests
    assert "'z' is no parameter of the model, which has x, kind" in predictor.status.reason


def test_the_index_of_a_shifted_stream_is_the_one_computed_from_its_values(tmp_path: Path) -> None:
    """By the formula of the recording rule, whose own test is the chart's."""
    random = np.random.default_rng(7)
    trained, shifted = random.normal(0, 1, 5000), random.normal(0.8, 1.5, 3000)
    edges = np.quantile(trained, np.linspace(0, 1, 11), method="inverted_cdf")
    shares = (np.histogram(trained, edges)[0] / len(trained)).tolist()
    profile = {"input": {"x": {"edges": edges.tolist(), "shares": shares}}}
    write(tmp_path, profile=profile)
    client = make_client(tmp_path, MODEL + BATCHES)
    for part in np.split(shifted, 30):
        rows = [{"x": x, "kind": "a"} for x in part.tolist()]
        assert client.post("/api/model/predict_batch", json={"rows": rows}).status_code == 200

    def index() -> float:
        text = client.get("/metrics").text
        counts, expected = by_bin(text), by_bin(text, "ml_rest_api_profile_expected_ratio")
        if (total := sum(counts.values())) < len(shifted):
            return 0
        pairs = [(max(counts[key] / total, 1e-4), max(expected[key], 1e-4)) for key in counts]
        return sum((actual - share) * math.log(actual / share) for actual, share in pairs)

    bounds = [-np.inf, *edges[:-1], np.nextafter(edges[-1], np.inf), np.inf]
    actual, expected = (
        np.clip(np.histogram(values, bounds)[0] / len(values), 1e-4, None)
        for values in (shifted, trained)
    )
    computed = float(np.sum((actual - expected) * np.log(actual / expected)))
    assert computed > 0.5
    assert eventually(index) == pytest.approx(computed)


@pytest.mark.parametrize(
    ("answers", "result", "places"),
    [
        ({"y"}, {"y": 1, "z": 2}, ["1"]), ({"y"}, {}, ["null"]), ({"y"}, 1, ["null"]), ({""}, 1, ["1"]),
        ({""}, np.float32(1), ["1"]), ({""}, "a", ["unknown"]), ({""}, None, ["null"]), ({""}, [1], ["unknown"]), (set(), 1, []),
    ],
)  # fmt: skip
def test_the_answer_counts_by_its_names(answers: set[str], result: Any, places: list[str]) -> None:
    drift = Drift(Profile({}, dict.fromkeys(answers, NumberBins([0, 2], [1], 0))))
    drift.add(drift.values_of({}), result)
    assert [label for _, _, label in flushed(drift).elements()] == places


def test_a_parameter_that_is_left_out_is_null() -> None:
    drift = Drift(Profile({"x": CategoryBins({"a": 1}, 0, 0)}, {}))
    drift.add_all([drift.values_of({}), drift.values_of({"x": "a"})], [1, 2], [])
    assert flushed(drift) == {("input", "x", "null"): 1, ("input", "x", "a"): 1}
