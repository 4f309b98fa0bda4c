"""The service's settings, each an environment variable of the same name.

`python -m app settings` prints them as a table.
"""

import dataclasses
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.config import env
from app.config.setting_fields import parse_setting, setting
from app.errors import SettingError

# Kubernetes injects FLASK_PORT=tcp://10.0.0.1:80 into every pod of a namespace that has a
# Service named "flask", METRICS_PORT for one named "metrics": no settings of this process.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


@dataclass(frozen=True)
class Settings:
    """Every setting, with its type and default."""

    FLASK_SERVER_NAME: str = setting("localhost:8888", "address in the start-up log line")
    FLASK_HOST: str = setting("0.0.0.0", "address to listen on")  # noqa: S104 - in a pod
    FLASK_PORT: int = setting(8888, "port to listen on", minimum=1, maximum=65535)
    FLASK_DEBUG: bool = setting(
        default=False,
        help_text="exception texts in responses, reload on change; for development only",
        default_text="True in the development server, else False",
    )
    SWAGGER_UI_DOC_EXPANSION: str = setting(
        "list", "how far the Swagger page expands its operations", choices=("none", "list", "full")
    )
    RESTX_VALIDATE: bool = setting(default=True, help_text="check bodies against the parameters")
    RESTX_MASK_SWAGGER: bool = setting(
        default=False, help_text="show the X-Fields mask in the Swagger document"
    )
    ERROR_404_HELP: bool = setting(default=False, help_text="suggest close paths in a 404")
    SWAGGER_UI_JSONEDITOR: bool = setting(
        default=True, help_text='open the JSON body editor at once, without "Try it out"'
    )
    WTF_CSRF_ENABLED: bool = setting(
        default=True,
        help_text="reject state-changing requests that a browser sends from another site "
        "without a Flask-WTF token",
    )
    SECRET_KEY: str = setting(
        "", "signs CSRF tokens; the same in all replicas", default_text="random at every start"
    )
    MODEL_DIR: str = setting("model", "folder with the model module, or a model file without one")
    TRAINED_MODEL_MODULE_NAME: str = setting(
        "ml_trained_model",
        "file name of the model module, or of a model file; empty: the only module in the folder",
    )
    MODEL_NAME: str = setting(
        "",
        "name of the model for clients: in `/api/model`, `/v1` and `/v2`, and the page's title",
        default_text="the module's name",
        parse=env.parse_model_name,
    )
    PROTOCOLS: str = setting(
        "v1,v2,invocations",
        "protocols of other servers that are served beside `/api`, comma-separated: `v1` (KServe, "
        "Vertex AI), `v2` (Open Inference Protocol) and `invocations` (MLflow, SageMaker); "
        "empty: none",
        parse=env.parse_protocols,
    )
    MULTITHREADED_INIT: bool = setting(
        default=True,
        help_text="load the model in a thread while liveness answers; off: before listening",
    )
    INIT_RETRIES: int = setting(
        3, "retries of a failed load, after 1, 2, 4, … s", minimum=0, maximum=10
    )
    EXIT_AFTER_FAILED_LOAD: bool = setting(
        default=False,
        help_text="exit when the last retry has failed, so that Kubernetes restarts the container",
    )
    SELF_TEST: str = setting(
        "on",
        "predict the sample and the golden cases before ready; "
        "a failed check counts as a failed load",
        choices=("on", "warn", "off"),
    )
    VERSION_CHECK: str = setting(
        "warn",
        "action on a mismatch between training and runtime versions",
        choices=("warn", "refuse", "off"),
    )
    PICKLE_POLICY: str = setting(
        "allow",
        "pickles that the model may load: all, those that import nothing beyond PICKLE_ALLOWED, "
        "or none",
        choices=("allow", "audit", "forbid"),
    )
    PICKLE_ALLOWED: str = setting(
        "scikit-learn",
        "what a pickle may import if PICKLE_POLICY is `audit`, and a skops file may hold: names "
        "`module.name`, comma-separated; `scikit-learn` stands for all that its estimators import",
        parse=env.parse_import_names,
    )
    MODEL_CHECKSUMS: str = setting(
        "",
        "SHA-256 checksums of the files in the model folder, as sha256sum prints them; a file "
        "that differs or has none is rejected. One checksum: of the only file",
        default_text="empty: not checked",
        parse=env.parse_digests,
    )
    WORKER_TIMEOUT: int = setting(
        60,
        "seconds that one call of the model may take before its process is replaced as hung",
        minimum=2,
        maximum=86_400,
    )
    WORKERS: int = setting(
        1, "gunicorn worker processes; more than one share one loaded model", minimum=1, maximum=256
    )
    THREADS: int = setting(
        1, "threads of a process that call `run()` concurrently", minimum=1, maximum=1024
    )
    MAX_BATCH_SIZE: int = setting(
        64,
        "maximum number of rows of several requests in one batch; a request with more rows is a "
        "batch of its own; 1 disables batching",
        minimum=1,
        maximum=65536,
    )
    MAX_BATCH_WAIT_MS: float = setting(
        0.0,
        "how long to wait for a batch to fill, in milliseconds; "
        "0: take those that wait already, and within 5 ms those of callers just answered",
        minimum=0,
        maximum=60_000,
    )
    MAX_PENDING: int = setting(
        64,
        "maximum number of requests whose predictions run or wait, in a process; "
        "further ones get 503 with `Retry-After`",
        minimum=1,
        maximum=10_000,
    )
    MAX_ROWS: int = setting(
        10_000, "maximum number of rows of one request", minimum=1, maximum=10_000_000
    )
    PREDICT_TIMEOUT: float = setting(
        0.0,
        "seconds that a caller waits for a prediction before it gets 504; 0: no limit",
        minimum=0,
        maximum=86_400,
    )
    MAX_CONTENT_LENGTH: int = setting(
        1_048_576,
        "maximum size of a body in bytes; a larger one gets 413",
        minimum=1,
        maximum=2**40,
    )
    GRACEFUL_TIMEOUT: int = setting(
        30, "seconds to finish running requests after SIGTERM", minimum=1, maximum=86_400
    )
    CORS_ORIGINS: str = setting(
        "",
        "origins whose pages may call, comma-separated, or `*`",
        default_text="empty: none",
    )
    ROOT_PATH: str = setting(
        "",
        "path prefix under which a proxy shows the service, such as `/fraud`; it responds with "
        "and without it",
        default_text="empty",
        parse=env.parse_path,
    )
    METRICS_PORT: int = setting(
        0, "a port of its own for `/metrics`; 0: on FLASK_PORT", minimum=0, maximum=65535
    )
    LOG_LEVEL: str = setting(
        "INFO", "minimum log level", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    ACCESS_LOG: str = setting(
        "errors",
        "requests that get a log line: none, those with a 4xx or 5xx response except probes, "
        "or all",
        choices=("off", "errors", "all"),
    )
    LOG_FORMAT: str = setting(
        "text",
        "format of a log line: a JSON object, or text",
        choices=("json", "text"),
        default_text="text; json in the image",
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read every setting from its environment variable.

        Raises:
            SettingError: a value does not parse; the first one, in the order of the table.

        """
        values: dict[str, Any] = {
            field.name: parse_setting(field, environ[field.name])
            for field in dataclasses.fields(cls)
            if field.name in environ and not _is_service_link(field.name, environ)
        }
        settings = cls(**values)
        if settings.METRICS_PORT == settings.FLASK_PORT:
            raise SettingError(
                f"METRICS_PORT is {settings.METRICS_PORT}, which is FLASK_PORT: set it to 0 to "
                "serve /metrics there, or to another port"
            )
        return settings

    @property
    def loads_before_fork(self) -> bool:
        """Whether one process loads the model and others are forked from it, to share it.

        Not while FLASK_DEBUG is on: a reload has to see the changed files.
        """
        return not self.FLASK_DEBUG and (self.WORKERS > 1 or not self.MULTITHREADED_INIT)

    @property
    def protocols(self) -> list[str]:
        """The protocols of other servers that are served."""
        return self.PROTOCOLS.split(",") if self.PROTOCOLS else []

    @property
    def root_path(self) -> str:
        """ROOT_PATH with a slash before it and none after it; empty without a prefix."""
        path = self.ROOT_PATH.strip("/")
        return f"/{path}" if path else ""

    @classmethod
    def from_environ_or_exit(cls) -> Self:
        """Read the settings; exit with one line where a value does not parse."""
        try:
            return cls.from_environ()
        except SettingError as error:
            sys.exit(f"ml-rest-api: {error}")


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    return (
        name in ("FLASK_PORT", "METRICS_PORT")
        and _SERVICE_LINK.fullmatch(environ[name].strip()) is not None
    )
