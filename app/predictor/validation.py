"""Words the errors of a body: the full JSON Schema validator, for the parts that are not valid."""

from jsonschema import Draft4Validator, Draft6Validator
from jsonschema.validators import extend

from app.errors import InvalidInputError
from app.predictor.formats import format_checker
from app.predictor.invalid_parts import InvalidPart, InvalidParts, Schema, compile_finder
from app.text import truncate

# Swagger 2.0 uses JSON Schema draft 4, whose Python type checker does not take 10.0 for an integer.
# Every later draft's does, and so does this service.
SchemaValidator = extend(Draft4Validator, type_checker=Draft6Validator.TYPE_CHECKER)

_MAX_ERRORS = 100
_MAX_SHOWN = 100


class Validator:
    """Finds the errors of a body; slower than fast_validation.py, but linear too."""

    def __init__(self, schema: Schema, max_errors: int = _MAX_ERRORS) -> None:
        """Validate by a JSON Schema of draft 4.

        Args:
            schema: as parameters.py derives it from a sample.
            max_errors: number of errors that are worded; all are counted.

        """
        self._find = compile_finder(schema)
        self._validator = SchemaValidator(schema, format_checker=format_checker)
        self._max_errors = max_errors

    def validate(self, body: object) -> InvalidInputError:
        """Return the error that rejects a parsed body, with the first of its errors.

        Their keys are the parameters' names, each followed by the path within the parameter
        (`"features.3"`); `""` for a body that is not an object.
        """
        parts = InvalidParts(self._max_errors)
        self._find(body, parts)
        errors: dict[str, str] = {}
        for part in parts.first:
            errors.setdefault(".".join(map(str, part.path)), self._message(part))
        return InvalidInputError(errors, parts.total)

    def _message(self, part: InvalidPart) -> str:
        error = next(self._validator.evolve(schema=part.schema).iter_errors(part.value))
        message: str = error.message
        value = repr(part.value)
        if message.startswith(value):
            message = truncate(value, _MAX_SHOWN) + message.removeprefix(value)
        return message
