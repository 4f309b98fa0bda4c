"""The settings: the only place that reads the environment.

`python -m app.config.settings` prints them as a Markdown table, `--json-schema` as a JSON Schema.
"""

import dataclasses
import json
import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.config.env import SettingError, parse, type_of

# Kubernetes injects FLASK_PORT=tcp://10.0.0.1:80 into every pod of a namespace that has a
# Service named "flask": that is somebody's address, not a setting of this process.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def _setting(  # noqa: PLR0913 - one keyword for each thing a setting may have
    default: str | float | bool,  # noqa: FBT001 - the default of a boolean setting
    help_: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    default_text: str = "",
) -> Any:  # noqa: ANN401 - dataclasses.field() has the type of its default
    """Declare a setting; `default_text` describes a default that one value cannot."""
    metadata = {
        "help": help_,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "default_text": default_text,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting, named like its environment variable, with its type and default."""

    FLASK_SERVER_NAME: str = _setting("localhost:8888", "address in the start-up line")
    FLASK_HOST: str = _setting("0.0.0.0", "address to listen on")  # noqa: S104 - in a pod
    FLASK_PORT: int = _setting(8888, "port to listen on", minimum=1, maximum=65535)
    FLASK_DEBUG: bool = _setting(
        default=False,
        help_="exception texts in answers, reload on change; for development only",
        default_text="True in the development server, else False",
    )
    SWAGGER_UI_DOC_EXPANSION: str = _setting(
        "list", "how far the Swagger page unfolds", choices=("none", "list", "full")
    )
    RESTX_VALIDATE: bool = _setting(default=True, help_="check bodies against the parameters")
    RESTX_MASK_SWAGGER: bool = _setting(
        default=False, help_="show the X-Fields mask in the Swagger document"
    )
    ERROR_404_HELP: bool = _setting(default=False, help_="suggest close paths in a 404")
    SWAGGER_UI_JSONEDITOR: bool = _setting(
        default=True, help_='open the JSON body editor at once, without "Try it out"'
    )
    WTF_CSRF_ENABLED: bool = _setting(
        default=True,
        help_="refuse state-changing requests that a browser sends from another site "
        "without a Flask-WTF token",
    )
    SECRET_KEY: str = _setting(
        "", "signs CSRF tokens; the same in all replicas", default_text="random at every start"
    )
    MODEL_DIR: str = _setting("model", "folder with the model module")
    TRAINED_MODEL_MODULE_NAME: str = _setting(
        "ml_trained_model", "file name of the model module; empty: the only one in the folder"
    )
    MULTITHREADED_INIT: bool = _setting(
        default=True,
        help_="load the model in a thread while liveness answers; off: before listening",
    )
    INIT_RETRIES: int = _setting(
        3, "times that a failed load is tried again, after 1, 2, 4, … s", minimum=0, maximum=10
    )
    EXIT_AFTER_FAILED_LOAD: bool = _setting(
        default=False,
        help_="end the process when the last try has failed, for Kubernetes to restart it",
    )
    SELF_TEST: str = _setting(
        "on",
        "before ready, ask the model for its sample and its golden cases; a miss is a failed load",
        choices=("on", "warn", "off"),
    )
    VERSION_CHECK: str = _setting(
        "warn",
        "what to do where the model was made with other versions than run",
        choices=("warn", "refuse", "off"),
    )
    WORKER_TIMEOUT: int = _setting(
        60,
        "seconds that one call of the model may take before its process is replaced as hung",
        minimum=2,
        maximum=86_400,
    )
    WORKERS: int = _setting(
        1, "gunicorn processes; more than one share one loaded model", minimum=1, maximum=256
    )
    THREADS: int = _setting(
        4, "threads of a process that call `run()` at the same time", minimum=1, maximum=1024
    )
    MAX_BATCH_SIZE: int = _setting(
        64, "most calls joined into one `run_batch()`; 1: never join", minimum=1, maximum=65536
    )
    MAX_BATCH_WAIT_MS: float = _setting(
        0.0,
        "milliseconds that a call waits for company; 0: joins only what is waiting already",
        minimum=0,
        maximum=60_000,
    )
    MAX_PENDING: int = _setting(
        64,
        "predictions under way or waiting in a process; one more gets 503 with `Retry-After`",
        minimum=1,
        maximum=10_000,
    )
    MAX_CONTENT_LENGTH: int = _setting(
        1_048_576, "bytes of a body; one more gets 413", minimum=1, maximum=2**40
    )
    GRACEFUL_TIMEOUT: int = _setting(
        30, "seconds that running requests get at SIGTERM", minimum=1, maximum=86_400
    )
    LOG_LEVEL: str = _setting(
        "INFO",
        "least level that is logged; DEBUG adds a line for each request",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    LOG_FORMAT: str = _setting(
        "text",
        "one JSON object a line, or text",
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
            field.name: parse(field, environ[field.name])
            for field in dataclasses.fields(cls)
            if field.name in environ and not _is_service_link(field.name, environ)
        }
        return cls(**values)

    @property
    def loads_before_fork(self) -> bool:
        """Whether one process loads the model and others are forked from it, to share it.

        Not while FLASK_DEBUG is on: changes are to be seen.
        """
        return not self.FLASK_DEBUG and (self.WORKERS > 1 or not self.MULTITHREADED_INIT)

    @property
    def bind(self) -> str:
        """Where to listen, as host:port."""
        host = f"[{self.FLASK_HOST}]" if ":" in self.FLASK_HOST else self.FLASK_HOST
        return f"{host}:{self.FLASK_PORT}"

    @property
    def swagger_address(self) -> str:
        """Where a person finds the Swagger page: at FLASK_SERVER_NAME, which follows the port."""
        name = self.FLASK_SERVER_NAME
        if name == type(self).FLASK_SERVER_NAME:
            name = f"localhost:{self.FLASK_PORT}"
        return f"http://{name}/api/"

    @classmethod
    def from_environ_or_exit(cls) -> Self:
        """Read the settings; end the process with one line where a value does not parse."""
        try:
            return cls.from_environ()
        except SettingError as error:
            sys.exit(f"ml-rest-api: {error}")


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    return name == "FLASK_PORT" and _SERVICE_LINK.fullmatch(environ[name].strip()) is not None


def markdown_table() -> str:
    """Return the settings as a Markdown table: name, type, default, meaning."""
    rows = ["| name | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field in dataclasses.fields(Settings):
        kind = " \\| ".join(field.metadata["choices"]) or type_of(field).__name__
        default = field.metadata["default_text"] or (
            str(field.default) if field.default != "" else ""
        )
        rows.append(f"| `{field.name}` | {kind} | {default} | {field.metadata['help']} |")
    return "\n".join(rows) + "\n"


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (draft 7, which Helm reads) of an object with all the settings."""
    kinds = {str: "string", int: "integer", float: "number", bool: "boolean"}
    properties = {}
    for field in dataclasses.fields(Settings):
        meta = field.metadata
        default = field.default
        if (
            isinstance(default, float)
            and not isinstance(default, bool)
            and math.floor(default) == default
        ):
            default = int(default)
        keywords = {
            "description": meta["help"],
            "type": kinds[type_of(field)],
            "default": default,
            "enum": list(meta["choices"]) or None,
            "minimum": meta["minimum"],
            "maximum": meta["maximum"],
        }
        properties[field.name] = {k: v for k, v in keywords.items() if v is not None}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "ml-rest-api settings",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


if __name__ == "__main__":
    if "--json-schema" in sys.argv[1:]:
        print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    else:
        print(markdown_table(), end="")
