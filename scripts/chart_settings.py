"""The chart's files that follow from the settings: a block of values.yaml, a template."""

import dataclasses
import json
import re
import textwrap
from typing import Any

from app.config.settings import Settings, json_schema

BEGIN = "# settings: begin (rendered from app/config/settings.py)\n"
END = "# settings: end\n"

# Where a container's best default is another than the program's.
DEFAULTS = {"LOG_FORMAT": "json"}

# What only the chart's users have to know.
NOTES = {
    "FLASK_PORT": "The container's port and the probes follow it",
    "GRACEFUL_TIMEOUT": "The pod's grace period follows it",
    "MODEL_DIR": "`model`: the folder that `model.source` fills, `/mnt/models` but for `image`",
    "MULTITHREADED_INIT": "Off: `model.loadTimeoutSeconds` bounds the load",
    "SECRET_KEY": "Give it by `extraEnvFrom`, from a Secret, so that it shows in no manifest",
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
        # The pod's specification is computed from these: null would leave it without.
        "required": ["FLASK_PORT", "GRACEFUL_TIMEOUT"],
        "properties": properties,
    }


def with_settings(values_yaml: str) -> str:
    """Return the text of values.yaml with its block of settings rendered anew."""
    lines = ["settings:"]
    for name, keywords in schema()["properties"].items():
        comment = textwrap.wrap(f"-- {_described(name, keywords)}", 94)
        lines += [f"  # {line}" for line in comment]
        lines.append(f"  {name}: {json.dumps(keywords['default'])}")
    block = BEGIN + "\n".join(lines) + "\n" + END
    return re.sub(
        re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, values_yaml, flags=re.DOTALL
    )


def template() -> str:
    """Return a template that names the settings whose default is an empty text."""
    empty = [field.name for field in dataclasses.fields(Settings) if field.default == ""]
    return (
        "{{/* Rendered from app/config/settings.py: settings that are empty by default. */}}\n"
        f'{{{{- define "ml-rest-api.emptySettings" -}}}}{" ".join(empty)}{{{{- end }}}}\n'
    )


def _described(name: str, keywords: dict[str, Any]) -> str:
    meaning = keywords["description"]
    if "enum" in keywords:
        meaning += f" ({', '.join(keywords['enum'])})"
    elif "minimum" in keywords:
        meaning += f" ({keywords['minimum']} to {keywords['maximum']})"
    return f"{meaning[0].upper()}{meaning[1:]}" + (f". {NOTES[name]}" if name in NOTES else "")
