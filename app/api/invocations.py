"""`POST /invocations`: the protocol of MLflow's scoring server and of SageMaker's containers.

- MLflow: mlflow/pyfunc/scoring_server/__init__.py of https://github.com/mlflow/mlflow, and its
  client, client.py beside it.
- SageMaker: "Custom Inference Code with Hosting Services" of its documentation, and "Common data
  formats for inference" for CSV, which has no header there.
"""

from flask import Response as FlaskResponse
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.http import parse_options_header

from app import __version__
from app.api.application import Application
from app.api.bodies import check_json_type, decode_json
from app.api.csv_rows import CsvRows
from app.api.endpoints import Endpoint, Head, Job, check_ready
from app.api.predict_batch import respond
from app.api.responses import respond_ok
from app.api.row_forms import RowForms, member
from app.api.table_forms import rows_of_columns, rows_of_split
from app.codec import JsonValue
from app.text import truncate

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CSV = "text/csv"
_HEADER = {"present": True, "absent": False}  # of RFC 4180


class InvocationsEndpoint(Endpoint):
    """One of four forms of JSON, or CSV, becomes `{"predictions": […]}`.

    `params` is ignored. An object for `instances` or `inputs` has a list for each parameter.
    """

    rule = "/invocations"

    def __init__(self, app: Application) -> None:
        """Read rows of the model of `app`."""
        self._predictor = app.predictor
        self._limits = app.predictions.limits

    def check_head(self, head: Head) -> None:
        """Check that the body is JSON or CSV."""
        kind, options = parse_options_header(head.content_type)
        if kind.lower() != _CSV:
            try:
                check_json_type(head.content_type)
            except UnsupportedMediaType:
                raise UnsupportedMediaType(
                    "Send the body as Content-Type: application/json or text/csv"
                ) from None
        elif (charset := options.get("charset", "utf-8")).lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(
                f"The charset is {truncate(charset, 100)!r}: send the body in UTF-8"
            )

    def parse(self, content: bytes, head: Head) -> Job:
        """Read the rows of a table, or the instances."""
        parameters = self._predictor.parameters
        kind, options = parse_options_header(head.content_type)
        if kind.lower() == _CSV:
            has_header = _HEADER.get(options.get("header", "").lower())
            csv = CsvRows(parameters, self._limits)
            return Job(csv.read(content, has_header=has_header), respond)
        instances = self._instances(*member(decode_json(content), *_FORMS))
        return Job(RowForms(parameters, self._limits).read(instances), respond)

    def _instances(self, form: str, value: JsonValue) -> list[JsonValue]:
        if form == "dataframe_split":
            return rows_of_split(value, self._predictor.parameters.names, self._limits)
        if isinstance(value, list):
            return value
        if form == "dataframe_records" or not isinstance(value, dict):
            raise BadRequest(f'{form} is not a list: send {{"{form}": [{{…}}, …]}}')
        return rows_of_columns(value, self._predictor.parameters.names, self._limits)


def register_invocations(app: Application) -> None:
    """Serve the protocol's paths."""
    predictor = app.predictor
    app.add_endpoint(InvocationsEndpoint(app))
    app.probes |= {"/ping", "/health"}

    @app.get("/ping")
    @app.get("/health")
    def invocations_ping() -> FlaskResponse:
        """Clients read the status alone; MLflow's body, a line feed, is not JSON."""
        check_ready(predictor)
        return respond_ok({})

    @app.get("/version")
    def invocations_version() -> FlaskResponse:
        """MLflow's client returns the text as it is; here it is JSON, as each response."""
        return respond_ok(__version__)
