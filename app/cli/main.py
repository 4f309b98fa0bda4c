"""The command line `python -m app`."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

import app
from app.cli.check import check
from app.cli.golden import golden
from app.cli.predict import predict
from app.cli.scaffold import scaffold
from app.cli.settings import settings


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Start the development server, or run a command."""
    if context.invoked_subcommand is None:
        _become_development_server()


def _become_development_server() -> NoReturn:
    """Run gunicorn as in production, but with FLASK_DEBUG on by default."""
    os.environ.setdefault("FLASK_DEBUG", "True")
    config = str(Path(app.__file__).with_name("gunicorn.conf.py"))
    command = [sys.executable, "-m", "gunicorn", "--config", config, "app.wsgi:app"]
    os.execv(sys.executable, command)  # noqa: S606 - a shell would only add quoting


for _command in (check, golden, predict, scaffold, settings):
    main.add_command(_command)
