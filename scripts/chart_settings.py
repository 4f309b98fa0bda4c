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
DEFAULTS = {"EXIT_AFTER_FAILED_LOAD": True, "LOG_FORMAT": "json"}

# Additional information for users of the chart.
NOTES = {
    "EXIT_AFTER_FAILED_LOAD": "On in the chart: a kubelet that restarts would report a container "
    "that still runs as ready",
    "FLASK_PORT": "The container port and the probes use this port",
    "GRACEFUL_TIMEOUT": "The pod's grace period is computed from it",
    "METRICS_PORT": "The chart sets it to `metrics.port` if that is not empty",
    "MODEL_DIR": "The chart replaces `model` with `/mnt/models` unless `model.source` is `image`: "
    "then that of the image counts, if it sets one",
    "MULTITHREADED_INIT": "If off, `model.loadTimeoutSeconds` limits the load time",
    "PROTOCOLS": "`--set` needs a backslash before a comma: `v1\\,v2`",
    "SECRET_KEY": "Set it from a Secret with `extraEnvFrom`, so that no manifest contains it",
    "TRAINED_MODEL_MODULE_NAME": "If `model.source` is `image`, that of the image counts instead "
    "of the default, if it sets one",
}


# The words that the program accepts as a boolean, in any case, and how YAML reads two of them.
BOOLEAN_WORDS = ("true", "false", "1", "0", "yes", "no", "on", "off")
YAML_BOOLEANS = {"on": True, "off": False}

# Settings that cannot be null, because other fields are computed from them.
REQUIRED = ("FLASK_PORT", "GRACEFUL_TIMEOUT", "METRICS_PORT", "MODEL_DIR", "PROTOCOLS")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the value `settings`, with the chart's defaults.

    What Helm or YAML take for another type is accepted: `--set` gives 0.5 as a text and 2024 as a
    number, and YAML reads `off` as false.
    """
    properties = {
        name: keywords | _also_accepted(keywords) for name, keywords in _properties().items()
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _properties() -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = json_schema()["properties"]
    for name, default in DEFAULTS.items():
        properties[name]["default"] = default
    return properties


def _also_accepted(keywords: dict[str, Any]) -> dict[str, Any]:
    match keywords:
        case {"enum": [*choices]}:
            booleans = [value for text, value in YAML_BOOLEANS.items() if text in choices]
            types = ["string", "boolean"] if booleans else ["string"]
            return {"type": types, "enum": [*choices, *booleans]}
        case {"type": "string"}:
            return {"type": ["string", "number", "boolean"]}
        case {"type": "boolean"}:
            pattern = "^(" + "|".join(_any_case(word) for word in BOOLEAN_WORDS) + ")$"
            return {"type": ["boolean", "integer", "string"], "pattern": pattern,
                    "minimum": 0, "maximum": 1}  # fmt: skip
        case {"type": "integer"}:
            return {"type": ["integer", "string"], "pattern": "^[0-9]+$"}
        case _:
            return {"type": ["number", "string"], "pattern": "^[0-9]+([.][0-9]+)?$"}


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word)


def update_settings(values_yaml: str) -> str:
    """Return the text of values.yaml with an updated block of settings."""
    lines = ["settings:"]
    for name, keywords in _properties().items():
        comment = textwrap.wrap(f"-- {_describe(name, keywords)}", 94)
        lines += [f"  # {line}" for line in comment]
        lines.append(f"  {name}: {json.dumps(keywords['default'])}")
    block = BEGIN + "\n".join(lines) + "\n" + END
    return re.sub(
        re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, values_yaml, flags=re.DOTALL
    )


def settings_template() -> str:
    """Return templates that list settings: those that are empty by default, and those of on/off."""
    fields = dataclasses.fields(Settings)
    empty = [field.name for field in fields if field.default == ""]
    on_off = [field.name for field in fields if "off" in field.metadata.get("choices", ())]
    return (
        "{{/* Rendered from app/config/settings.py: settings that are empty by default. */}}\n"
        f'{{{{- define "ml-rest-api.emptySettings" -}}}}{" ".join(empty)}{{{{- end }}}}\n'
        "{{/* Settings with the choice off, which YAML reads as a boolean. */}}\n"
        f'{{{{- define "ml-rest-api.onOffSettings" -}}}}{" ".join(on_off)}{{{{- end }}}}\n'
    )


def _describe(name: str, keywords: dict[str, Any]) -> str:
    meaning = keywords["description"]
    if "enum" in keywords:
        meaning += f" ({', '.join(keywords['enum'])})"
    elif "minimum" in keywords:
        meaning += f" ({keywords['minimum']} to {keywords['maximum']})"
    return f"{meaning[0].upper()}{meaning[1:]}" + (f". {NOTES[name]}" if name in NOTES else "")
