"""Save a model with the names of its columns, since the stand-in predicts from a DataFrame.

`python save.py MODEL.joblib TARGET`
"""

import sys

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

model = joblib.load(sys.argv[1])
first = model[0] if isinstance(model, Pipeline) else model
first.feature_names_in_ = np.array(["x1", "x2", "x3", "x4"], dtype=object)
joblib.dump(model, sys.argv[2])
