"""`python -m app predict URL`."""

import json

import click

from app.cli.http_client import explain_errors, get_sample, url_argument
from app.cli.http_client import predict as call_predict


@click.command
@url_argument
def predict(url: str) -> None:
    """Print a running service's prediction for its own sample.

    URL is http://HOST:PORT of the service. `helm test` runs this command in the cluster.
    """
    with explain_errors(url):
        click.echo(json.dumps(call_predict(url, get_sample(url))))
