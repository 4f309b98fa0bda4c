"""Train the example model on synthetic data: hourly demand for rental bicycles.

    python model/train.py [--rows N] [--out FOLDER]

The data contain no real riders. The same seed, rows and versions give the same model.
Three files are written next to this one, or into FOLDER: ml_trained_model.joblib, the model,
ml_trained_model.json, the versions it was trained with, its data and its score, and
ml_trained_model.profile.json, how its data are distributed, by which the service counts.
"""

import argparse
import json
import platform
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from ml_trained_model import WEATHERS, features, predict
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROWS = 12_000
SEED = 7


def make_data(rows: int, seed: int) -> tuple[list[Any], NDArray[np.int64]]:
    """Generate parameters as clients send them, and the bicycles hired for each, in order."""
    rng = np.random.default_rng(seed)
    opened = np.datetime64("2020-01-01") + rng.integers(4 * 365, size=rows)  # days
    at = np.datetime64("2024-01-01T00:00") + rng.integers(2 * 365 * 24 * 60, size=rows)  # minutes
    day = at.astype("datetime64[D]")
    hour = (at - day) / np.timedelta64(1, "h")
    year = (day - day.astype("datetime64[Y]")) / np.timedelta64(365, "D")
    docks = rng.integers(10, 60, size=rows)
    holiday = rng.binomial(1, 0.04, rows).astype(bool)
    weather = rng.choice(len(WEATHERS), p=(0.5, 0.28, 0.18, 0.04), size=rows)
    temperature = (11 - 10 * np.cos(2 * np.pi * year) + rng.normal(0, 4, rows)).round(1)

    commuting = _peak(hour, 8, 1.2) + _peak(hour, 17.5, 1.6) + 0.3 * _peak(hour, 13, 3)
    outing = 0.8 * _peak(hour, 14.5, 3.5)
    demand = (
        docks
        * (0.05 + np.where(np.is_busday(day) & ~holiday, commuting, outing))
        * np.array([1, 0.85, 0.4, 0.2])[weather]
        * _peak(temperature, 22, 14)
        * (1 - 0.6 * np.exp((opened - day) / np.timedelta64(300, "D")))  # demand grows with age
    )
    columns = {
        "docks": docks,
        "temperature": temperature,
        "holiday": holiday,
        "weather": np.array(WEATHERS)[weather],
        "opened": opened.astype(str),
        "at": np.datetime_as_string(at, unit="s", timezone="UTC"),
    }
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values], rng.poisson(demand)


def train(folder: Path, rows: int = ROWS, seed: int = SEED) -> dict[str, Any]:
    """Train, score on held-out rows, write model and record to `folder`, return the record."""
    folder.mkdir(parents=True, exist_ok=True)
    parameters, bikes = make_data(rows, seed)
    x, x_held_out, y, y_held_out = train_test_split(features(parameters), bikes, random_state=seed)
    # Trees need no scaling, but an estimator that replaces them may. These trees start no
    # threads, which would delay the prediction of a single row.
    model = make_pipeline(
        StandardScaler(),
        GradientBoostingRegressor(
            n_estimators=150, max_depth=6, min_samples_leaf=30, subsample=0.5, random_state=seed
        ),
    ).fit(x, y)
    record = {
        "model": " + ".join(type(step).__name__ for _, step in model.steps),
        "made_with": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "joblib": joblib.__version__,
        },
        "data": {"source": "synthetic", "rows": rows, "seed": seed},
        "score": {
            "r2": round(model.score(x_held_out, y_held_out), 4),
            "held_out_rows": len(y_held_out),
        },
    }
    dump = BytesIO()
    joblib.dump(model, dump, compress=3)
    _write(folder / "ml_trained_model.joblib", dump.getvalue())
    profile = {
        "input": {
            **{
                name: deciles([row[name] for row in parameters])
                for name in ("docks", "temperature")
            },
            **{name: shares([row[name] for row in parameters]) for name in ("holiday", "weather")},
        },
        "answer": {"bikes": deciles(predict(model, parameters))},
    }
    _write(
        folder / "ml_trained_model.profile.json", (json.dumps(profile, indent=1) + "\n").encode()
    )
    _write(folder / "ml_trained_model.json", (json.dumps(record, indent=2) + "\n").encode())
    return record


def deciles(values: list[float]) -> dict[str, Any]:
    """Return the minimum, the inner deciles, the maximum, and the shares of the bins they divide.

    `python -m app profile` does this for any model, without code.
    """
    edges = np.unique(np.sort(values)[np.arange(11) * (len(values) - 1) // 10])
    counts, _ = np.histogram(values, edges)
    return {"edges": edges.tolist(), "shares": (counts / len(values)).round(6).tolist()}


def shares(values: list[Any]) -> dict[str, Any]:
    """Return the share of each value, such as those of a select box."""
    return {
        "categories": {
            value if isinstance(value, str) else json.dumps(value): round(count / len(values), 6)
            for value, count in Counter(values).items()
        }
    }


def _peak(x: NDArray[Any], centre: float, width: float) -> NDArray[np.float64]:
    """Return a bell curve with the value 1 at its centre."""
    bell: NDArray[np.float64] = np.exp(-(((x - centre) / width) ** 2) / 2)
    return bell


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically: readers see the old file or the new one, never a partial one."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def main() -> None:
    """Run the command line interface."""
    parser = argparse.ArgumentParser(description="Train the example model on synthetic data.")
    parser.add_argument("--rows", type=int, default=ROWS, help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder, default: this script's"
    )
    options = parser.parse_args()
    score = train(options.out, options.rows)["score"]
    print(
        f"Trained on {options.rows} rows of synthetic data, R2 {score['r2']:.2f} on the "
        f"{score['held_out_rows']} held out: {options.out / 'ml_trained_model.joblib'}"
    )


if __name__ == "__main__":
    main()
