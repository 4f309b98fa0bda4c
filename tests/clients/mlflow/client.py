"""MLflow's client: see test_mlflow.py."""

import json
import sys

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


def connect(url):
    return ScoringServerClient(*url.removeprefix("http://").split(":"))


def error(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except Exception as raised:  # noqa: BLE001 - MLflow raises no other
        return str(raised)
    return None


def main():
    given = json.loads(sys.argv[1])
    iris, bikes, unready = (connect(given[name]) for name in ("iris", "bikes", "unready"))
    flowers, rows = given["flowers"], given["rows"]
    iris.wait_server_ready(timeout=10)
    iris.ping()
    got = {
        "version": iris.get_version(),
        "flowers": [
            iris.invoke(data).get_predictions("ndarray").tolist()
            for data in (
                pd.DataFrame(flowers, columns=given["names"]),
                pd.DataFrame(flowers, columns=given["names"]).astype("float32"),
                np.array(flowers),
                flowers,
                json.dumps({"instances": flowers}),
            )
        ],
        "rows": [
            bikes.invoke(data).get_predictions().to_dict("records")
            for data in (
                pd.DataFrame(rows),
                json.dumps({"dataframe_records": rows}),
                rows,
            )
        ],
        "invalid": error(bikes.invoke, pd.DataFrame(given["invalid_rows"])),
        "missing": error(bikes.invoke, pd.DataFrame(rows).drop(columns="docks")),
        "unready ping": error(unready.ping),
        "unready version": unready.get_version(),
        "unready": error(unready.invoke, pd.DataFrame(flowers)),
        "unready wait": error(unready.wait_server_ready, timeout=0.1),
    }
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main()
