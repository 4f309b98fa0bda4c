"""Calls of the model: without joblib's pools, however an estimator was made."""

import os
import threading
from typing import Any

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from app.predictor.concurrency import CallWatchdog


def place() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def places(_argument: Any) -> set[tuple[int, int]]:
    """Return the processes and threads that joblib uses."""
    return set(joblib.Parallel(n_jobs=2)(joblib.delayed(place)() for _ in range(20)))


def test_joblib_starts_no_pool_within_a_call_unless_the_call_asks_for_one() -> None:
    def places_in_threads(argument: Any) -> set[tuple[int, int]]:
        with joblib.parallel_config(backend="threading"):
            return places(argument)

    assert CallWatchdog().track(places)(0) == {place()}
    threads = CallWatchdog().track(places_in_threads)(0)
    assert place() not in threads
    assert {process for process, _thread in threads} == {os.getpid()}
    with joblib.parallel_config(backend="threading"):
        assert place() not in places(0), "it applies to the call alone"


def test_a_call_that_runs_is_watched_until_it_ends() -> None:
    watchdog = CallWatchdog()
    age = watchdog.track(lambda _argument: watchdog.oldest_call_age())
    assert age(0) > 0
    assert watchdog.oldest_call_age() == 0


def test_a_parallel_estimator_answers_as_ever() -> None:
    features = np.random.default_rng(0).random((50, 3))
    forest = RandomForestClassifier(5, n_jobs=2, random_state=0).fit(features, features[:, 0] > 0.5)
    expected = forest.predict_proba(features)
    assert (CallWatchdog().track(forest.predict_proba)(features) == expected).all()
