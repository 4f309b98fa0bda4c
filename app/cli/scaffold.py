"""`python -m app scaffold FILE`."""

from pathlib import Path

import click

from app.bare.model_file import SUFFIXES, find_model_file
from app.config.settings import Settings
from app.errors import ModelError
from app.predictor.pickle_policy import PicklePolicy


@click.command
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def scaffold(file: Path) -> None:
    """Print a module for a model file, to edit.

    FILE is a model file, or a folder with an MLmodel. The module predicts what the service
    predicts with the file alone. Save it beside the file, with the same name and the ending .py.
    """
    # Not at the top: other commands need not wait for scikit-learn.
    from app.predictor.bare_module import scaffold as scaffold_module  # noqa: PLC0415

    try:
        model_file = find_model_file(*((file, "") if file.is_dir() else (file.parent, file.name)))
        if model_file is None:
            raise click.ClickException(
                f"{file.name} is no model file: give one that ends with {', '.join(SUFFIXES)}, or "
                "a folder with an MLmodel"
            )
        allowed = PicklePolicy(Settings.from_environ_or_exit()).allowed
        click.echo(scaffold_module(model_file, allowed), nl=False)
    except ModelError as error:
        raise click.ClickException(str(error)) from error
