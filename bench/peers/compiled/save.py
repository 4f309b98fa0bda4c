"""Save a model as ONNX if its predictions match scikit-learn's: `python save.py MODEL TARGET`."""

import sys
from pathlib import Path

import joblib
import numpy as np
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn.pipeline import Pipeline

from bench.servers import COMPILED_TOLERANCE
from bench.train import data

features, _ = data()
model = joblib.load(sys.argv[1])
# Trees compare 32-bit floats, also in scikit-learn.
kind = np.float64 if isinstance(model, Pipeline) else np.float32
onnx = to_onnx(model, features[:1].astype(kind), options={"zipmap": False}).SerializeToString()
_, chances = InferenceSession(onnx).run(None, {"X": features.astype(kind)})
difference = np.abs(chances - model.predict_proba(features)).max()
print(f"{Path(sys.argv[2]).name}: within {difference:.1g} of scikit-learn on the training data")
if difference > COMPILED_TOLERANCE:
    sys.exit(f"the difference exceeds the tolerance of {COMPILED_TOLERANCE:g}")
Path(sys.argv[2]).write_bytes(onnx)
