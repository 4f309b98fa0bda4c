"""The list of what scikit-learn's pickles import; `make sklearn-imports` renders it."""

import importlib
import inspect
from pathlib import Path

from sklearn.utils import all_estimators

from app.predictor import pickle_policy

FILE = Path(pickle_policy.__file__).with_name("sklearn_imports.txt")
NAMES = FILE.read_text().splitlines()
# They make a value from values: none opens a file, runs a text or calls what it is given.
REVIEWED_FUNCTIONS = {
    "_codecs.encode",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.numeric._frombuffer",
    "numpy.ma.core._mareconstruct",
    "numpy.mean",
    "numpy.random._pickle.__bit_generator_ctor",
    "numpy.random._pickle.__generator_ctor",
    "numpy.random._pickle.__randomstate_ctor",
    "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.metrics._classification.accuracy_score",
    "sklearn.metrics._classification.balanced_accuracy_score",
    "sklearn.metrics._classification.log_loss",
    "sklearn.metrics._dist_metrics.newObj",
    "sklearn.metrics._ranking.roc_auc_score",
    "sklearn.metrics._regression.r2_score",
    "sklearn.neighbors._ball_tree.newObj",
    "sklearn.neighbors._kd_tree.newObj",
}


def test_it_has_each_estimator_of_the_version_that_runs() -> None:
    estimators = {f"{found.__module__}.{found.__qualname__}" for _, found in all_estimators()}
    assert len(estimators) > 100
    assert estimators - set(NAMES) == set()


def test_it_has_nothing_that_runs_a_text_or_calls_any_function() -> None:
    modules = {name.partition(".")[0] for name in NAMES}
    assert modules == {
        "__builtin__", "builtins", "_codecs", "collections", "datetime", "decimal", "joblib",
        "numpy", "scipy", "sklearn",
    }  # fmt: skip
    functions = {
        name
        for name in NAMES
        if not name.startswith("numpy.core.")  # of numpy 1
        and (imported := _imported(name))
        and not inspect.isclass(imported)
    }
    assert functions <= REVIEWED_FUNCTIONS


def _imported(name: str) -> object:
    """Return what a pickle would import; None where only another version has it."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return None
