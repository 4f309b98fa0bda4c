"""The threads of the model beyond the first."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def start_other_threads(
    count: int, check: Callable[[], object], serve: Callable[[], object]
) -> None:
    """Start threads, each of which is checked, waits for the others, then serves.

    Args:
        count: how many.
        check: the self-test; it raises where it fails.
        serve: predicts, and does not return.

    Raises:
        BaseException: what `check` has raised in one of them; then none serves.

    """
    all_passed: Future[bool] = Future()
    tests: list[Future[None]] = [Future() for _ in range(count)]

    def run(test: Future[None]) -> None:
        try:
            check()
            test.set_result(None)
        except BaseException as error:  # noqa: BLE001 - raised below, in the loading thread
            test.set_exception(error)
        if all_passed.result():
            serve()

    try:
        for number, test in enumerate(tests, 2):
            name = f"model-{number}"
            threading.Thread(target=run, args=(test,), name=name, daemon=True).start()
        for test in tests:
            test.result()
    except BaseException:
        all_passed.set_result(False)
        raise
    all_passed.set_result(True)
