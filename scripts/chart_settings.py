"""Render the chart's files that derive from the settings: a block of values.yaml, a template."""

import dataclasses
import json
import re
import textwrap
from typing import Any

from app.config.documentation import json_schema
from app.config.settings import Settings

BEGIN = "# settings: begin (rendered from app/config/settings.py)\n"
END = "# settings: end\n"

# Defaults of the chart that differ from those of the program.
DEFAULTS = {"LOG_FORMAT": "json"}

# Additional information for users of the chart.
NOTES = {
    "FLASK_PORT": "The container port and the probes use this port",
    "GRACEFUL_TIMEOUT": "The pod's grace period is computed from it",
    "MODEL_DIR": "The chart replaces `model` with `/mnt/models` unless `model.source` is `image`",
    "MULTITHREADED_INIT": "If off, `model.loadTimeoutSeconds` limits the load time",
    "SECRET_KEY": "Set it from a Secret with `extraEnvFrom`, so that no manifest contains it",
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the value `settings`, with the chart's defaults."""
    full = json_schema()
    properties = full["properties"]
    for name, default in DEFAULTS.items():
        properties[name]["default"] = default
    return {
        "type": "object",
        "additionalProperties": False,
        # The pod's specification is computed from these, so they cannot be null.
        "required": ["FLASK_PORT", "GRACEFUL_TIMEOUT"],
        "properties": properties,
    }


def update_settings(values_yaml: str) -> str:
    """Return the text of values.yaml with an updated block of settings."""
    lines = ["settings:"]
    for name, keywords in schema()["properties"].items():
        comment = textwrap.wrap(f"-- {_describe(name, keywords)}", 94)
        lines += [f"  # {line}" for line in comment]
        lines.append(f"  {name}: {json.dumps(keywords['default'])}")
    block = BEGIN + "\n".join(lines) + "\n" + END
    return re.sub(
        re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, values_yaml, flags=re.DOTALL
    )


def settings_template() -> str:
    """Return a template that lists the settings whose default is an empty string."""
    empty = [field.name for field in dataclasses.fields(Settings) if field.default == ""]
    return (
        "{{/* Rendered from app/config/settings.py: settings that are empty by default. */}}\n"
        f'{{{{- define "ml-rest-api.emptySettings" -}}}}{" ".join(empty)}{{{{- end }}}}\n'
    )


def _describe(name: str, keywords: dict[str, Any]) -> str:
    meaning = keywords["description"]
    if "enum" in keywords:
        meaning += f" ({', '.join(keywords['enum'])})"
    elif "minimum" in keywords:
        meaning += f" ({keywords['minimum']} to {keywords['maximum']})"
    return f"{meaning[0].upper()}{meaning[1:]}" + (f". {NOTES[name]}" if name in NOTES else "")
