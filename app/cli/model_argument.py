"""The argument MODEL of the commands that load a model themselves."""

import dataclasses
from pathlib import Path

import click

from app.cli.model_path import locate
from app.config.settings import Settings

model_argument = click.argument("model", required=False, type=click.Path(path_type=Path))


def settings_for(model: Path | None) -> Settings:
    """Return the settings, with the module or the folder `model` instead of those they name.

    Raises:
        ClickException: there is no such file or folder.

    """
    settings = Settings.from_environ_or_exit()
    if model is None:
        return settings
    if not (model.exists() or Path(f"{model}.py").is_file()):
        raise click.ClickException(
            f"{model} does not exist: give a module, a model file, or a folder with one of them"
        )
    folder, name = locate(model, settings.TRAINED_MODEL_MODULE_NAME)
    return dataclasses.replace(settings, MODEL_DIR=str(folder), TRAINED_MODEL_MODULE_NAME=name)
