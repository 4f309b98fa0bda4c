"""Calls of the model: no pools of joblib's, however an estimator was made."""

from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from app.predictor.concurrency import CallWatchdog


def backend(_argument: Any) -> str:
    with joblib.Parallel(n_jobs=2) as parallel:
        return type(parallel._backend).__name__


def test_joblib_starts_no_pool_within_a_call_unless_the_call_asks_for_one() -> None:
    def asks(argument: Any) -> str:
        with joblib.parallel_config(backend="threading"):
            return backend(argument)

    tracked = CallWatchdog().track(backend)
    assert tracked(0) == "SequentialBackend"
    assert CallWatchdog().track(asks)(0) == "ThreadingBackend"
    assert backend(0) == "LokyBackend", "it holds for the call alone"


def test_a_parallel_estimator_answers_as_ever() -> None:
    features = np.random.default_rng(0).random((50, 3))
    forest = RandomForestClassifier(5, n_jobs=2, random_state=0).fit(features, features[:, 0] > 0.5)
    expected = forest.predict_proba(features)
    assert (CallWatchdog().track(forest.predict_proba)(features) == expected).all()
