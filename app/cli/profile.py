"""`python -m app profile MODEL ROWS`."""

import dataclasses
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.distribution import distribution_of
from app.cli.model_argument import settings_for
from app.codec import JsonValue, Row, decode, encode
from app.errors import ModelError, RequestError
from app.observability import logs
from app.predictor.loaded_model import LoadedModel, to_json
from app.predictor.loader import Loader
from app.predictor.profile import MAX_NAMES, profile_path, read_profile

_BATCH = 1000  # rows


@click.command
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("rows", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def profile(model: Path, rows: Path) -> None:
    """Write the profile of the training data beside the model: MODULE.profile.json.

    MODEL is a module, a model file, or a folder with one of them. ROWS is a file with the
    parameters of the training data, one JSON object a line, or a JSON array of them; the model
    predicts each. The service then counts how the values of requests and answers are distributed,
    for Prometheus to compare.
    """
    settings = dataclasses.replace(settings_for(model), LOG_FORMAT="text", LOG_LEVEL="WARNING")
    logs.configure(settings)
    logging.captureWarnings(capture=True)
    try:
        loader = Loader(settings)
        loaded = loader.import_module(reads_profile=False)
        loader.init(loaded)
        values = _read_rows(rows, loaded)
        answers = _predict(loaded, values)
        path = profile_path(loaded.file)
        content = {
            "input": _profile(
                _columns(loaded.parameters.names or _names(values), values), "the parameter"
            ),
            "answer": _profile(_columns_of_answers(answers), "the answer's"),
        }
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        read_profile(loaded.file, loaded.parameters.names)
    except (ModelError, RequestError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path} describes {len(values)} rows")


def _read_rows(path: Path, model: LoadedModel) -> list[Row]:
    """Return the rows of a file as the model gets them."""
    content = path.read_bytes()
    try:
        rows = decode(content) if content.lstrip()[:1] == b"[" else [*_lines(content)]
    except ValueError as error:
        raise click.ClickException(
            f"{path} is no JSON: {error}: write one JSON object a line"
        ) from error
    if not rows:
        raise click.ClickException(f"{path} has no rows: write one JSON object a line")
    for number, row in enumerate(rows, 1):
        if not model.parameters.is_valid(row):
            errors = model.parameters.validate(row).errors
            what = "; ".join(f"{name}: {text}" for name, text in errors.items())
            raise click.ClickException(
                f"Row {number} of {path} does not fit the model's parameters: {what}"
            )
    return [model.parameters.convert(row) for row in rows]


def _lines(content: bytes) -> Iterator[JsonValue]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield decode(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def _predict(model: LoadedModel, rows: Sequence[Row]) -> list[JsonValue]:
    """Return the answers, as parsed JSON; the model may change what it gets."""
    if not model.supports_batching:
        return [decode(model.predict_json(_copy(row))) for row in rows]
    answers = []
    for start in range(0, len(rows), _BATCH):
        batch = [_copy(row) for row in rows[start : start + _BATCH]]
        answers += [decode(to_json(it, "run_batch()")) for it in model.predict_batch(batch)]
    return answers


def _profile(columns: dict[str, list[JsonValue]], what: str) -> dict[str, Any]:
    """Return the profile of columns, and tell which have none."""
    entries: dict[str, Any] = {}
    for name, values in columns.items():
        if (entry := distribution_of(values)) is None:
            click.echo(f"Not in the profile: {what} {name!r}", err=True)
        elif len(entries) == MAX_NAMES:
            click.echo(f"Not in the profile, which has {MAX_NAMES} names: {name!r}", err=True)
        else:
            entries[name] = entry
    return entries


def _columns(names: Iterable[str], rows: Sequence[Row]) -> dict[str, list[JsonValue]]:
    """Return the values of each name, in all rows; None where one lacks it."""
    return {name: [row.get(name) for row in rows] for name in names}


def _columns_of_answers(answers: list[JsonValue]) -> dict[str, list[JsonValue]]:
    objects = [answer for answer in answers if isinstance(answer, dict)]
    return _columns(_names(objects), objects) if objects else {"": answers}


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _copy(row: Row) -> Row:
    copied: Row = decode(encode(row))
    return copied
