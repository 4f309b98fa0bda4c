"""`python -m app size [MODEL]`."""

import signal
from pathlib import Path

import click
import psutil

from app.cli.fragment import describe, values_yaml
from app.cli.measurement import Measured, measure
from app.cli.model_argument import model_argument, settings_for
from app.config.memory import read_container_memory
from app.config.settings import Settings


@click.command
@model_argument
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    default=1,
    show_default=True,
    help="Seconds that a request may wait for its turn; MAX_PENDING follows from it.",
)
def size(model: Path | None, budget: float) -> None:
    """Measure a model, and print values of the chart that suit it.

    MODEL is a module, or a folder with one; by default, what MODEL_DIR and
    TRAINED_MODEL_MODULE_NAME name. Starts the service on the loopback interface, with the
    settings of the environment, and requests predictions of the model's own sample. Use the
    output with `helm install --values`.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the service is stopped too
    settings = settings_for(model)
    measured = measure(settings, settings.WORKERS, _report)
    click.echo(values_yaml(settings, measured, _compare(settings, measured), budget))


def _compare(settings: Settings, measured: Measured) -> str:
    """Measure the model with another number of workers, and return the result in words."""
    workers = 2 if measured.workers == 1 else 1
    free = _free_memory()
    if measured.memory * workers > free:
        return f"WORKERS={workers} was not measured: {free // 2**20} MiB of memory are free"
    try:
        return describe(measure(settings, workers, _report))
    except click.ClickException as error:
        return f"WORKERS={workers} cannot be measured: {error.message}"


def _free_memory() -> int:
    free = int(psutil.virtual_memory().available)
    return min(free, read_container_memory().limit or free)


def _report(what: str) -> None:
    click.echo(what, err=True)
