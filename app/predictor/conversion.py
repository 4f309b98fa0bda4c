"""Converts the values of valid bodies to the types of their parameters."""

from collections.abc import Callable, Mapping

from app.codec import JsonValue

Converter = Callable[[JsonValue], JsonValue]


def compile_converter(schema: Mapping[str, JsonValue]) -> Converter | None:
    """Return a function that converts a valid value in place: a whole number to int.

    Args:
        schema: as parameters.py derives it from a sample.

    Returns:
        None where no value needs a conversion.

    """
    kind = schema.get("type")
    if kind == "integer":
        return int  # JSON Schema takes 10.0 for an integer
    if kind == "array":
        convert = compile_converter(schema["items"])
        return convert and (lambda values: list(map(convert, values)))
    members = {name: compile_converter(item) for name, item in schema.get("properties", {}).items()}
    return _object({name: convert for name, convert in members.items() if convert})


def _object(members: Mapping[str, Converter]) -> Converter | None:
    def convert(value: JsonValue) -> JsonValue:
        for name in members.keys() & value.keys():
            value[name] = members[name](value[name])
        return value

    return convert if members else None
