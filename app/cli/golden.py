"""Records golden cases from a running service: `python -m app.cli.golden URL [ROWS] > CASES`.

ROWS is a file with a JSON array of inputs; without it the service's own sample is the only
one. The service plays the cases back before it says ready: see app/predictor/self_test.py.
"""

import argparse
import json
import sys
from pathlib import Path

from app.cli.client import explain, predict, sample


def main() -> None:
    """Print the golden cases of the service at the address that the command line has."""
    parser = argparse.ArgumentParser(prog="python -m app.cli.golden", description=__doc__)
    parser.add_argument("url", help="http://HOST:PORT of a running service")
    parser.add_argument("rows", nargs="?", type=Path, help="file with a JSON array of inputs")
    parser.add_argument("--tolerance", type=float, default=1e-6, help="default: %(default)s")
    options = parser.parse_args()
    url = options.url.rstrip("/")
    with explain(url):
        rows = json.loads(options.rows.read_bytes()) if options.rows else [sample(url)]
        cases = [{"input": row, "output": predict(url, row)} for row in rows]
    json.dump({"tolerance": options.tolerance, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
