"""The command line `python -m app`."""

import os
from typing import NoReturn

import click

from app.cli.check import check
from app.cli.golden import golden
from app.cli.install import install
from app.cli.predict import predict
from app.cli.profile import profile
from app.cli.scaffold import scaffold
from app.cli.server_process import COMMAND
from app.cli.settings import settings
from app.cli.size import size


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Start the development server, or run a command."""
    if context.invoked_subcommand is None:
        _become_development_server()


def _become_development_server() -> NoReturn:
    """Run gunicorn as in production, but with FLASK_DEBUG on by default."""
    os.environ.setdefault("FLASK_DEBUG", "True")
    os.execv(COMMAND[0], COMMAND)  # noqa: S606 - a shell would only add quoting


for _command in (check, golden, install, predict, profile, scaffold, settings, size):
    main.add_command(_command)
