"""Predict how many bicycles are hired from a station within an hour."""

# Copy this file for a model of your own; README.md in this folder describes the functions
# that the service calls. `python model/ml_trained_model.py` runs it without the service.

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, get_args

import joblib
import numpy as np
from numpy.typing import NDArray

__version__ = "1.0"

Weather = Literal["clear", "cloudy", "rain", "snow"]
WEATHERS = get_args(Weather)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKEND = (5, 6)

model: Any = None


class Row(TypedDict):
    """The parameters of the API. A request that does not fit them gets a 400."""

    docks: Annotated[int, {"minimum": 0}, "bicycle docks at the station"]
    temperature: Annotated[float, {"minimum": -60, "maximum": 60}, "degrees Celsius"]
    holiday: bool
    weather: Weather
    opened: Annotated[str, {"format": "date"}, "the day of the station's first hire"]
    at: Annotated[str, {"format": "date-time"}, "the start of the hour"]


class Answer(TypedDict):
    """The answer of the API."""

    bikes: Annotated[float, "bicycles hired within the hour"]


def sample() -> Row:
    """Return an example of every parameter."""
    return {
        "docks": 24,
        "temperature": 21.5,
        "holiday": False,
        "weather": "clear",
        "opened": "2023-04-01",
        "at": "2025-06-05T17:30:00Z",
    }


def init() -> None:
    """Load the model that train.py saved. Called once, before any prediction."""
    global model
    model = joblib.load(Path(__file__).with_suffix(".joblib"))


def run(input_data: Row) -> Answer:
    """Predict for one row of parameters."""
    return run_batch([input_data])[0]


def run_batch(rows: list[Row]) -> list[Answer]:
    """Predict for many rows, in order. One call costs little more than that for one row."""
    return [{"bikes": bikes} for bikes in predict(model, rows)]


def predict(model: Any, rows: list[Row]) -> list[float]:  # noqa: ANN401 - an estimator
    """Return the bicycles of each row. Shared with train.py, too."""
    bikes: list[float] = model.predict(features(rows)).clip(min=0).round(1).tolist()
    return bikes


def features(rows: list[Row]) -> NDArray[np.float64]:
    """Return the model's input, one line per row. Shared with train.py to keep both the same."""
    table = []
    for row in rows:
        # upper(): RFC 3339 also allows "t" and "z". The model's hours and weekdays are in UTC.
        since = datetime.fromisoformat(row["at"].upper()) - MONDAY
        weekday = since.days % 7
        table.append(
            [
                row["docks"],
                row["temperature"],
                since.days - (date.fromisoformat(row["opened"]) - MONDAY.date()).days,
                since.seconds / 3600,
                weekday,
                row["holiday"] or weekday in WEEKEND,
                *(row["weather"] == name for name in WEATHERS),
            ]
        )
    # Trees compute in float32, which can overflow to infinity; no split is beyond a million.
    return np.array(table, dtype=np.float64).clip(-1e6, 1e6)


if __name__ == "__main__":
    try:
        init()
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is missing: run `python model/train.py` first")
    print(sample(), "->", run(sample()))
