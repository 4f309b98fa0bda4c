"""The argument MODEL of the commands that load a model themselves."""

import dataclasses
from pathlib import Path

import click

from app.cli.model_path import locate
from app.config.settings import Settings

model_argument = click.argument("model", required=False, type=click.Path(path_type=Path))


def settings_for(model: Path | None) -> Settings:
    """Return the settings, with the module or the folder `model` instead of those they name."""
    settings = Settings.from_environ_or_exit()
    if model is None:
        return settings
    folder, name = locate(model, settings.TRAINED_MODEL_MODULE_NAME)
    return dataclasses.replace(settings, MODEL_DIR=str(folder), TRAINED_MODEL_MODULE_NAME=name)
