"""`python -m app check [MODEL]`."""

import dataclasses
import logging
import os
import sys
from pathlib import Path

import click

from app.cli.install import install_packages
from app.cli.model_argument import model_argument, settings_for
from app.observability import logs
from app.predictor.predictor import Predictor
from app.predictor.type_words import json_text, kind_of


@click.command
@model_argument
def check(model: Path | None) -> None:
    """Load a model as a pod does before it is ready, and print its API.

    MODEL is a module, or a folder with one; by default, what MODEL_DIR and
    TRAINED_MODEL_MODULE_NAME name. Installs the packages in its requirements.txt first. Ends with
    exit code 1 and the reason if the model would not become ready.
    """
    # The reason shall contain the exception's text, and this command is what exits, at once.
    settings = dataclasses.replace(
        settings_for(model),
        FLASK_DEBUG=True,
        INIT_RETRIES=0,
        EXIT_AFTER_FAILED_LOAD=False,
        LOG_FORMAT="text",
    )
    install_packages(Path(settings.MODEL_DIR))
    logs.configure(settings)
    logging.getLogger("app.predictor.predictor").setLevel(logging.CRITICAL)  # printed below
    predictor = Predictor(settings)
    predictor.load()
    ready = predictor.accepts_requests
    if ready:
        click.echo(_describe(predictor))
    else:
        click.echo(f"Model failed to load: {predictor.status.reason}", err=True)
    sys.stdout.flush()
    os._exit(not ready)  # a model may have started threads that do not end


def _describe(predictor: Predictor) -> str:
    """Return what callers send, and what they get."""
    lines = ["The model is ready: POST /api/model/predict takes"]
    parameters = predictor.parameters
    required = parameters.schema.get("required", [])
    for name, schema in parameters.schema.get("properties", {}).items():
        line = f"  {name} ({kind_of(schema)})"
        if name in parameters.sample:
            line += f", such as {json_text(parameters.sample[name])}"
        if name not in required:
            line += f", optional: {json_text(schema.get('default'))} by default"
        lines.append(line)
    if not parameters.schema.get("properties"):
        lines[-1] += " any JSON object"
    lines.append(f"and returns {kind_of(predictor.answer.schema)}")
    lines += [f"  such as {json_text(example)}" for example in predictor.answer.examples]
    return "\n".join(lines)
