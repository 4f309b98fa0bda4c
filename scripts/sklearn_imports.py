"""Render app/predictor/sklearn_imports.txt: `python -m scripts.sklearn_imports`.

It lists what the pickles of scikit-learn's fitted estimators import, found by fitting and saving
each of them in some minutes. Run it when the version of scikit-learn, numpy or scipy changes, with
each version of Python for which the lock has others.
"""

import contextlib
import datetime
import inspect
import pickle
import tempfile
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn import feature_selection, linear_model, model_selection, preprocessing, tree
from sklearn.base import RegressorMixin
from sklearn.gaussian_process import kernels
from sklearn.utils import Bunch, all_estimators

from app.predictor.pickle_imports import list_imports

FILE = Path(__file__).resolve().parent.parent / "app/predictor/sklearn_imports.txt"

_RANDOM = np.random.default_rng(0)
_X = _RANDOM.random((60, 4))
_CLASSES = np.arange(60) % 3
_NAMES = np.array(["clear", "rain", "snow"], dtype=object)[_CLASSES]
_TEXTS = [f"word{number % 7} and word{number % 5}" for number in range(60)]
# What an estimator may be fitted with.
_INPUTS: tuple[tuple[Any, ...], ...] = (
    (_X, _CLASSES),
    (_X, _CLASSES % 2),
    (_X, _X[:, 0] + 1),
    (_X, _X[:, :2]),
    (_X, np.eye(3, dtype=int)[_CLASSES]),
    (_X, _NAMES),
    (_X.astype("f4"), _X[:, 0]),
    (sparse.csr_matrix(_X), _CLASSES),
    (sparse.csr_array(_X), _CLASSES),
    (_NAMES[:, None], _CLASSES),
    (_X[:, 0], _X[:, 1]),
    (_X @ _X.T,),
    (_CLASSES,),
    (_NAMES,),
    (_TEXTS,),
    ([{"a": 1.0, "b": "x"}] * 60,),
    ([[1, 2], [1]] * 30,),
)
# Arguments that some estimators require.
_ARGUMENTS: dict[str, Any] = {
    "estimator": linear_model.LogisticRegression().fit(_X, _CLASSES),
    "estimators": [("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier())],
    "transformers": [("a", preprocessing.StandardScaler(), [0, 1])],
    "transformer_list": [("a", preprocessing.StandardScaler())],
    "steps": [("a", preprocessing.StandardScaler()), ("b", linear_model.LogisticRegression())],
    "param_grid": {"C": [1.0, 2.0]},
    "param_distributions": {"C": [1.0, 2.0]},
    "dictionary": _X[:4],
}
_REGRESSOR_ARGUMENTS: dict[str, Any] = {
    "estimator": linear_model.LinearRegression(),
    "estimators": [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor())],
}
# Arguments with which an estimator saves objects of other classes.
_VARIANTS: dict[str, list[Any]] = {
    "loss": [
        "squared_error", "absolute_error", "poisson", "gamma", "huber", "log_loss", "exponential",
        "hinge", "squared_hinge", "perceptron", "modified_huber", "epsilon_insensitive",
        "squared_epsilon_insensitive",
    ],
    "power": [0, 1, 1.5, 2, 3],
    "algorithm": ["brute", "kd_tree", "ball_tree"],
    "metric": ["manhattan", "chebyshev", "minkowski", "haversine", "cosine"],
    "kernel": [
        kernels.RBF() + kernels.WhiteKernel(), kernels.Matern() * kernels.ConstantKernel(),
        kernels.RationalQuadratic(), kernels.DotProduct() ** 2, kernels.ExpSineSquared(),
        kernels.CompoundKernel([kernels.RBF()]), kernels.PairwiseKernel(),
    ],
    "scoring": ["accuracy", "r2", "roc_auc", "neg_log_loss"],
    "cv": [
        model_selection.KFold(), model_selection.StratifiedKFold(), model_selection.GroupKFold(),
        model_selection.ShuffleSplit(), model_selection.StratifiedShuffleSplit(),
        model_selection.TimeSeriesSplit(), model_selection.RepeatedKFold(),
        model_selection.RepeatedStratifiedKFold(), model_selection.LeaveOneOut(),
    ],
    "score_func": [
        feature_selection.f_classif, feature_selection.f_regression, feature_selection.chi2,
        feature_selection.mutual_info_classif, feature_selection.mutual_info_regression,
    ],
    "remainder": ["passthrough"],
    "random_state": [np.random.RandomState(0)],
    "categorical_features": [[0]],
    "early_stopping": [True],
    "method": ["isotonic", "sigmoid", "temperature"],
    "dtype": [np.float32, np.float64],
    "quantile": [0.5],
    "n_components": [2],
}  # fmt: skip


# Few models need them, and exploits need the first.
_EXCLUDED = {"functools.partial", "sklearn.utils.validation.check_array"}
# Values of Python's and numpy's that may stand in a model.
_VALUES = [
    {1}, frozenset({1}), 1j, bytearray(b"x"), range(2), slice(1), OrderedDict(), defaultdict(list),
    defaultdict(int), datetime.datetime.now(datetime.UTC), datetime.date(2026, 1, 1),
    datetime.timedelta(1), Decimal(1), np.datetime64("2026-01-01"), np.bool_(1), np.str_("x"),
    np.random.default_rng(0), np.array(["x"], dtype=object), sparse.csc_array(_X),
    sparse.csc_matrix(_X), sparse.coo_array(_X), Bunch(x=1),
]  # fmt: skip
_MAX_VARIANT_FITS = 3


def sklearn_imports() -> set[str]:
    """Return what the pickles of scikit-learn's fitted estimators import."""
    names: set[str] = set()
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.joblib"
        for value in chain(_VALUES, _fitted_estimators()):
            for protocol in (2, 3, 4):
                file.write_bytes(pickle.dumps(value, protocol))
                names |= list_imports(file).names
            joblib.dump(value, file)
            names |= list_imports(file).names
    # Pickles of numpy 1 have the module under its old name.
    names |= {name.replace("numpy._core.", "numpy.core.") for name in names}
    return names - _EXCLUDED


def _fitted_estimators() -> Iterator[Any]:
    for name, estimator_class in all_estimators():
        is_fitted = False
        for arguments in _argument_sets(estimator_class):
            limit = _MAX_VARIANT_FITS if is_fitted else None
            for estimator in islice(_fits(estimator_class, arguments), limit):
                is_fitted = True
                yield estimator
        if not is_fitted:
            raise RuntimeError(f"No input fits {name}: add one to _INPUTS")


def _fits(estimator_class: type, arguments: dict[str, Any]) -> Iterator[Any]:
    for data in _INPUTS:
        with contextlib.suppress(Exception):  # most inputs fit other estimators
            estimator = estimator_class(**arguments).fit(*data)
            pickle.dumps(estimator)
            yield estimator


def _argument_sets(estimator_class: type) -> Iterator[dict[str, Any]]:
    names = inspect.signature(estimator_class).parameters
    is_regressor = issubclass(estimator_class, RegressorMixin)
    known = _ARGUMENTS | (_REGRESSOR_ARGUMENTS if is_regressor else {})
    required = {name: known[name] for name in names if name in known}
    yield required
    for name in names:
        for value in _VARIANTS.get(name, ()):
            yield required | {name: value}


def main() -> None:
    """Add the names to the file. Those of other versions stay: a model may come from one."""
    names = set(FILE.read_text(encoding="ascii").splitlines()) | sklearn_imports()
    FILE.write_text("\n".join(sorted(names)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
