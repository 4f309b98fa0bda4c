"""Declares a setting as a field of a dataclass, and parses its value."""

import dataclasses
from typing import Any

from app.config import env

Value = str | int | float | bool


def setting(default: Value, help_text: str, **metadata: Any) -> Any:  # noqa: ANN401 - a field
    """Declare a setting.

    Args:
        default: its value without an environment variable; its type is the setting's.
        help_text: what it does, for the documentation.
        metadata: `minimum` and `maximum` of a number, both required; of a text, `choices` or the
            function that parses it, `parse`; `default_text` for a default that one value cannot
            describe.

    """
    return dataclasses.field(default=default, metadata={"help": help_text, **metadata})


def parse_setting(field: dataclasses.Field[Any], text: str) -> Value:
    """Return the value of a setting.

    Args:
        field: what `setting` declared.
        text: the environment variable's value.

    Raises:
        SettingError: the text is no such value.

    """
    name, metadata = field.name, field.metadata
    match field.default:
        case bool():
            return env.parse_boolean(name, text)
        case int():
            return env.parse_integer(name, text, metadata["minimum"], metadata["maximum"])
        case float():
            return env.parse_number(name, text, metadata["minimum"], metadata["maximum"])
    if parse := metadata.get("parse"):
        value: str = parse(name, text)
        return value
    return env.parse_text(name, text, metadata.get("choices", ()))
