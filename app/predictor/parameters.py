"""The parameters of a model: their JSON Schema, an example, and what follows from these."""

from collections.abc import Mapping

from app.codec import JsonValue, Row
from app.errors import ModelError
from app.predictor.conversion import compile_converter, compile_exact
from app.predictor.dialect import Schema
from app.predictor.examples import schema_of_sample, sendable
from app.predictor.fast_validation import compile_validator
from app.predictor.validation import Validator


class Parameters:
    """The parameters of a model, typed by a schema, or by an example of each.

    Attributes:
        schema: JSON Schema of a request's body, in the dialect of dialect.py.
        is_by_example: whether the types come from the sample.
        sample: a body that is valid by it; dates are strings. Empty where there is none.
        is_valid: returns whether a parsed body is valid; fast, but without a reason.
        are_exact: returns whether parsed bodies are valid and need no conversion; faster, but it
            may be False for some that are.
        convert: returns a valid body as `run()` gets it; the body may be changed.
        validate: returns the InvalidInputError that rejects a parsed body; slower.

    """

    def __init__(
        self, sample: Mapping[str, JsonValue] | None, schema: Schema | None = None
    ) -> None:
        """Take the types from `schema`, else from the sample.

        Args:
            sample: an example of each parameter; without it, the model has none.
            schema: of a body; without it, an empty sample accepts any JSON object.

        Raises:
            ModelError: an example is not one that a caller can send.

        """
        self.is_by_example = schema is None
        by_example = schema_of_sample(sample or {}) if schema is None else {}
        self.sample: Row = {
            name: sendable(value, f"sample()[{name!r}]", defines_type=schema is None)
            for name, value in (sample or {}).items()
        }
        self.schema = by_example if schema is None else _arranged(schema, self.sample)
        self.is_valid = compile_validator(self.schema)
        self.are_exact = compile_exact(self.schema)
        self.convert = compile_converter(self.schema, is_body=True) or _unchanged
        self.validate = Validator(self.schema).validate
        if sample is not None:
            self._check_sample()

    @property
    def has_sample(self) -> bool:
        """Whether the sample is a body that tells something of the model."""
        return "properties" in self.schema and self.is_valid(self.sample)

    @property
    def names(self) -> list[str]:
        """The names of the parameters, in the order of the sample; none where any are taken."""
        return list(self.schema.get("properties", ()))

    def _check_sample(self) -> None:
        lines = [
            f"sample() is not valid at '{name}': {message}; give another example"
            for name, message in self.validate(self.sample).errors.items()
        ]
        if "properties" in self.schema:
            lines += [
                f"sample() has '{name}', which the TypedDict does not have: remove it"
                for name in self.sample
                if name not in self.schema["properties"]
            ]
        if lines:
            raise ModelError("\n".join(lines))


def _unchanged(body: Row) -> Row:
    return body


def _arranged(schema: Schema, sample: Row) -> Schema:
    """Return a schema with the examples of the sample, and its properties in that order."""
    properties = schema["properties"]
    names = [name for name in sample if name in properties]
    names += [name for name in properties if name not in sample]
    examples = {name: {"example": value} for name, value in sample.items()}
    arranged = {name: {**properties[name], **examples.get(name, {})} for name in names}
    return {**schema, "properties": arranged}


ANY_OBJECT = Parameters({})  # accepts any JSON object
