from pathlib import Path

import pytest

from app.config.misspelled import find_misspelled
from tests.helpers import ECHO, serving, write_module


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("WORKER", "WORKERS"),
        ("TRAINED_MODEL_MODULE", "TRAINED_MODEL_MODULE_NAME"),
        ("MODEL_MODULE_NAME", "TRAINED_MODEL_MODULE_NAME"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("BATCH_SIZE", "MAX_BATCH_SIZE"),
        ("workers", "WORKERS"),
    ],
)
def test_a_name_close_to_a_setting_is_found_with_that_setting(name: str, setting: str) -> None:
    assert find_misspelled([name]) == {name: setting}


@pytest.mark.parametrize(
    "name",
    [
        "WORKERS", "FLASK_PORT", "FLASK_APP", "FLASK_ENV", "FLASK_SERVICE_HOST", "FLASK_SERVICE_PORT",
        "FLASK_PORT_8888_TCP_ADDR", "WORKER_SERVICE_HOST", "HOST", "HOSTNAME", "PORT", "PATH", "HOME",
        "OMP_NUM_THREADS", "MODEL_URI", "MODEL_SHA256", "MODEL_TARGET", "SSL_CERT_FILE",
        "KUBERNETES_SERVICE_HOST", "PYTHONUNBUFFERED", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY",
        "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_LOG_LEVEL", "OTEL_TRACES_SAMPLER",
    ],
)  # fmt: skip
def test_settings_and_names_of_other_things_are_not_found(name: str) -> None:
    assert find_misspelled([name]) == {}


def test_the_service_logs_a_warning_that_names_the_setting(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, WORKER="4") as server:
        assert server.log.count("WARNING WORKER is not a setting: did you mean WORKERS?") == 1
