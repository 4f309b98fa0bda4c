"""A stand-in for ml_rest_api, reimplemented from its description.

It handles a request in the same steps: a Flask-RESTX resource validates the body against the
model's sample, the row becomes a DataFrame, and the input and the prediction are logged through
the standard library to loguru. CSRF protection is off: with it every prediction is rejected.
"""

import json
import logging
import os
from typing import Any

import joblib
import pandas as pd
from flask import Blueprint, Flask, request
from flask_restx import Api, Resource, fields
from flask_wtf import CSRFProtect
from loguru import logger


class Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        for line in record.getMessage().splitlines():
            logger.opt(exception=record.exc_info).log(record.levelname, "{}", line)


logging.basicConfig(handlers=[Handler()], level=logging.INFO)
log = logging.getLogger(__name__)

model: Any = joblib.load(os.environ["BENCH_MODEL"])
blueprint = Blueprint("api", __name__, url_prefix="/api")
api = Api(blueprint, title="Machine Learning REST API")
namespace = api.namespace("model", validate=True)
sample = dict.fromkeys(("x1", "x2", "x3", "x4"), 0.5)
input_vector = api.model(
    "input_vector",
    {name: fields.Float(example=value, required=True) for name, value in sample.items()},
)


def run(input_data: dict[str, Any]) -> dict[str, Any]:
    log.info("input_data:%s", input_data)
    data = pd.DataFrame(input_data, index=[0])
    prediction = model.predict_proba(data)[:, 1].tolist()[0]
    log.info("data:%s - prediction:%s", data.to_numpy()[0], [prediction])
    return {"probability": prediction}


@namespace.route("/predict")
class ModelPredict(Resource):
    @api.expect(input_vector)
    def post(self) -> tuple[dict[str, Any], int]:
        return run(dict(json.loads(request.data))), 200


app = Flask(__name__)
app.config.from_mapping(
    SECRET_KEY=os.urandom(32), RESTX_VALIDATE=True, RESTX_MASK_SWAGGER=False, WTF_CSRF_ENABLED=False
)
CSRFProtect(app)
app.register_blueprint(blueprint)

if __name__ == "__main__":
    app.run(debug=True, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]))
