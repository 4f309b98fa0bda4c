"""Words the errors of a body: the full JSON Schema validator, for the parts that are not valid."""

from collections.abc import Iterator

from app.codec import JsonValue
from app.errors import InvalidInputError
from app.predictor.dialect import Schema, SchemaValidator
from app.predictor.formats import format_checker, is_date_time
from app.predictor.invalid_parts import InvalidPart, InvalidParts, compile_finder
from app.text import truncate

MAX_ERRORS = 100  # of a request that are shown
_MAX_SHOWN = 100
_MAX_CHOICES = 50


class Validator:
    """Finds the errors of a body; slower than fast_validation.py, but linear too."""

    def __init__(self, schema: Schema) -> None:
        """Validate by a JSON Schema, of the dialect that dialect.py describes."""
        self._find = compile_finder(schema)
        self._validator = SchemaValidator(schema, format_checker=format_checker)

    def validate(self, body: object, max_errors: int = MAX_ERRORS) -> InvalidInputError:
        """Return the error that rejects a parsed body.

        The keys of its errors are the parameters' names, each followed by the path within the
        parameter (`"features.3"`); `""` for a body that is not an object.

        Args:
            body: the body.
            max_errors: the number of errors that are worded; all are counted.

        """
        parts = InvalidParts(max_errors)
        self._find(body, parts)
        errors: dict[str, str] = {}
        for part in parts.first:
            key = ".".join(truncate(str(step), _MAX_SHOWN) for step in part.path)
            errors.setdefault(key, self._message(part))
        return InvalidInputError(errors, parts.total)

    def _message(self, part: InvalidPart) -> str:
        """Return jsonschema's message, with the values as JSON has them: null, true."""
        if "anyOf" in part.schema:  # jsonschema would word what is wrong by each alternative first
            return f"{in_json_words(part.value)} is not valid under any of the given schemas"
        choices = part.schema.get("enum", [])
        schema = {**part.schema, "enum": choices[:_MAX_CHOICES]} if choices else part.schema
        error = next(self._validator.evolve(schema=schema).iter_errors(part.value))
        message: str = error.message
        value = repr(part.value)
        if message.startswith(value):
            message = in_json_words(part.value) + message.removeprefix(value)
        if error.validator == "enum":
            shown = [in_json_words(choice) for choice in schema["enum"]]
            shown += ["…"] if len(choices) > _MAX_CHOICES else []
            message = f"{message.removesuffix(repr(schema['enum']))}[{', '.join(shown)}]"
        if schema.get("format") == "date-time" and is_date_time(f"{part.value}Z"):
            message += ": add Z or an offset, such as +02:00"
        return message


def in_json_words(value: JsonValue) -> str:
    """Return a JSON value for a message: as Python shows it, but null, true and false."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _MAX_SHOWN:
            break
    return truncate(text, _MAX_SHOWN)


def _pieces(value: JsonValue) -> Iterator[str]:
    match value:
        case None | True | False:
            yield {None: "null", True: "true", False: "false"}[value]
        case list():
            yield "["
            for index, item in enumerate(value):
                yield ", " if index else ""
                yield from _pieces(item)
            yield "]"
        case dict():
            yield "{"
            for index, (name, item) in enumerate(value.items()):
                yield f"{', ' if index else ''}{name!r}: "
                yield from _pieces(item)
            yield "}"
        case str():
            yield repr(value[: _MAX_SHOWN + 1])
        case _:
            yield repr(value)
