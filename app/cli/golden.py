"""`python -m app golden URL [ROWS]`."""

import json
from pathlib import Path

import click

from app.cli.http_client import explain_errors, get_sample, predict, url_argument


@click.command
@url_argument
@click.argument("rows", required=False, type=click.Path(path_type=Path))
@click.option(
    "--tolerance",
    default=1e-6,
    show_default=True,
    help="Relative or absolute difference that numbers may have.",
)
def golden(url: str, rows: Path | None, tolerance: float) -> None:
    """Record golden cases from a running service, and print them.

    URL is http://HOST:PORT of a known-good service. ROWS is a file with a JSON array of inputs;
    without it the service's own sample is the only one. Save the output as MODULE.cases.json
    beside the module: the self-test before ready predicts each case again.
    """
    with explain_errors(url):
        inputs = json.loads(rows.read_bytes()) if rows else [get_sample(url)]
        cases = [{"input": row, "output": predict(url, row)} for row in inputs]
    click.echo(json.dumps({"tolerance": tolerance, "cases": cases}, indent=1))
