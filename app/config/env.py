"""One setting's value, from the text of its environment variable."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, NoReturn

_BOOLEANS = {
    "true": True, "1": True, "yes": True, "on": True,
    "false": False, "0": False, "no": False, "off": False,
}  # fmt: skip


class SettingError(ValueError):
    """A setting's value does not parse: the message names the setting, the value and the mend."""


def parse(field: dataclasses.Field[Any], text: str) -> str | float | bool:
    """Return the value of a setting.

    Args:
        field: its declaration in the dataclass.
        text: what the environment has.

    Raises:
        SettingError: the text is no such value, or one that is out of bounds.

    """
    value = text.strip()
    parser: Callable[[dataclasses.Field[Any], str], Any] = {
        str: _parse_text,
        int: _parse_number,
        float: _parse_number,
        bool: _parse_boolean,
    }[type_of(field)]
    parsed = parser(field, value)
    if parsed is None:
        _refuse(field, text)
    return parsed  # type: ignore[no-any-return]


def _parse_text(field: dataclasses.Field[Any], value: str) -> str | None:
    choices = field.metadata["choices"]
    if not choices:
        return value
    return next((choice for choice in choices if choice.lower() == value.lower()), None)


def _parse_boolean(_field: dataclasses.Field[Any], value: str) -> bool | None:
    return _BOOLEANS.get(value.lower())


def _parse_number(field: dataclasses.Field[Any], value: str) -> float | None:
    pattern = r"[+-]?[0-9]{1,20}" if type_of(field) is int else r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?"
    if not re.fullmatch(pattern, value):
        return None
    number: float = type_of(field)(value)
    return number if field.metadata["minimum"] <= number <= field.metadata["maximum"] else None


def _refuse(field: dataclasses.Field[Any], text: str) -> NoReturn:
    shown = text if len(text) <= 100 else f"{text[:100]}…"  # noqa: PLR2004 - a line's worth
    raise SettingError(f"{field.name}={shown!r}: expected {_expected(field)}")


def _expected(field: dataclasses.Field[Any]) -> str:
    if field.metadata["choices"]:
        return "one of " + ", ".join(field.metadata["choices"])
    if type_of(field) is bool:
        return "true or false (or 1/0, yes/no, on/off)"
    kind = "a whole number" if type_of(field) is int else "a number"
    return f"{kind} from {field.metadata['minimum']} to {field.metadata['maximum']}"


def type_of(field: dataclasses.Field[Any]) -> type:
    """Return the type of a setting: str, int, float or bool."""
    assert isinstance(field.type, type)  # noqa: S101 - annotations here are plain types
    return field.type
