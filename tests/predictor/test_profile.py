"""The profile beside a model, as it is read."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from app.errors import ModelError
from app.predictor.profile import Profile, read_profile

NUMBER = {"edges": [0, 1, 2], "shares": [0.4, 0.5], "null": 0.1}
CATEGORY = {"categories": {"a": 0.8}, "unknown": 0.2}


def read(folder: Path, content: Any, parameters: tuple[str, ...] = ("x", "y")) -> Profile | None:
    (folder / "fraud.profile.json").write_text(json.dumps(content), encoding="utf-8-sig")
    return read_profile(folder / "fraud.py", parameters)


def test_each_bin_has_its_share_in_the_training_data(tmp_path: Path) -> None:
    profile = read(tmp_path, {"input": {"x": NUMBER, "y": CATEGORY}, "answer": {"": CATEGORY}})
    assert profile
    assert [
        (source, name, dict(zip(bins.labels, bins.expected, strict=True)))
        for source, name, bins in profile
    ] == [
        (
            "input",
            "x",
            {"below": 0, "1": 0.4, "2": 0.5, "above": 0, "unknown": 0, "null": 0.1},
        ),
        ("input", "y", {"a": 0.8, "unknown": 0.2, "null": 0}),
        ("answer", "", {"a": 0.8, "unknown": 0.2, "null": 0}),
    ]


def test_a_module_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_profile(tmp_path / "fraud.py", ["x"]) is None


def test_no_name_has_more_than_14_bins(tmp_path: Path) -> None:
    largest = {"edges": [*range(11)], "shares": [0.1] * 10}
    most = {"categories": {f"c{number}": 1 / 12 for number in range(12)}}
    profile = read(tmp_path, {"input": {"x": largest, "y": most}})
    assert profile
    assert {len(bins.labels) for _, _, bins in profile} == {14}


def test_the_first_50_names_of_a_source_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = tuple(f"p{number}" for number in range(60))
    with caplog.at_level(logging.WARNING):
        profile = read(tmp_path, {"input": dict.fromkeys(names, NUMBER)}, names)
    assert profile
    assert tuple(profile.input) == names[:50]
    assert caplog.messages == [
        "fraud.profile.json has 60 names in its input: the first 50 are counted"
    ]


def test_a_model_that_takes_any_object_may_have_any_name(tmp_path: Path) -> None:
    profile = read(tmp_path, {"input": {"any": NUMBER}}, ())
    assert profile
    assert list(profile.input) == ["any"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], ": [] is not of type 'object'"),
        ({"inputs": {}}, ": Additional properties are not allowed ('inputs' was unexpected)"),
        ({"input": {"z": NUMBER}}, " at \"input\": 'z' is no parameter of the model, which has x, y"),
        ({"input": {"x": 1}}, " at \"input.x\": 1 is not of type 'object'"),
        ({"input": {"x": {}}}, " at \"input.x\": 'categories' is a required property"),
        ({"input": {"x": {"edges": [1]}}}, " at \"input.x\": 'shares' is a required property"),
        ({"input": {"x": {**NUMBER, "edges": ["1", 2, 3]}}}, " at \"input.x.edges.0\": '1' is not of type 'number'"),
        ({"input": {"x": {**NUMBER, "edges": [1, 1, 2]}}}, ' at "input.x.edges": do not ascend'),
        ({"input": {"x": {**NUMBER, "edges": [1, 2]}}}, ' at "input.x.shares": do not fit 2 edges: one for a bin'),
        ({"input": {"x": {**NUMBER, "null": 0.5}}}, ' at "input.x": has shares of 1.4 together, not 1'),
        ({"input": {"x": {**NUMBER, "null": -1}}}, ' at "input.x.null": -1 is less than the minimum of 0'),
        ({"answer": {"k": {**CATEGORY, "unknown": 0}}}, ' at "answer.k": has shares of 0.8 together, not 1'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_the_place_and_the_fix(
    tmp_path: Path, content: Any, message: str
) -> None:
    with pytest.raises(ModelError) as raised:
        read(tmp_path, content)
    fix = "write it with `python -m app profile`"
    assert str(raised.value) == f"fraud.profile.json{message}: {fix}"


@pytest.mark.parametrize(
    ("edges", "categories"), [([*range(12)], {}), ([], {f"c{number}": 0 for number in range(13)})]
)
def test_more_bins_are_rejected(
    tmp_path: Path, edges: list[int], categories: dict[str, float]
) -> None:
    entry: dict[str, Any] = {"edges": edges, "shares": [1]} if edges else {"categories": categories}
    with pytest.raises(ModelError, match=r'^fraud\.profile\.json at "input\.x\.'):
        read(tmp_path, {"input": {"x": entry}})


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 100_000, rb'{"input": {"\ud800": 1}}', b'{"a": 1e999}']
)
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fraud.profile.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"^fraud\.profile\.json: is no JSON: .*: write it with"):
        read_profile(tmp_path / "fraud.py", [])


def test_what_is_not_a_file_or_too_large_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.profile.json").mkdir()
    os.mkfifo(tmp_path / "pipe.profile.json")
    for name in ("folder", "pipe"):
        with pytest.raises(ModelError, match=rf"^{name}\.profile\.json is not a file: "):
            read_profile(tmp_path / f"{name}.py", [])
    (tmp_path / "large.profile.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(ModelError, match=r"^large\.profile\.json: has more than 1 MiB: "):
        read_profile(tmp_path / "large.py", [])
    with pytest.raises(ModelError, match=r"^a+\.profile\.json cannot be read: File name too long"):
        read_profile(tmp_path / f"{'a' * 300}.py", [])
