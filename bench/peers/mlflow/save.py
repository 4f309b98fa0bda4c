"""Save a model in MLflow's format: `python save.py MODEL.joblib FOLDER`."""

import sys

import joblib
import mlflow.sklearn

mlflow.sklearn.save_model(
    joblib.load(sys.argv[1]),
    sys.argv[2],
    serialization_format="cloudpickle",
    pyfunc_predict_fn="predict_proba",
)
