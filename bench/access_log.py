"""The scenario "access-log": 32 callers with a log line for each request, and with none."""

from statistics import mean

from bench.scenario import service

NAME = "access-log"
CALLERS = 32


def measure(seconds: float) -> dict[str, float]:
    """Measure the service with ACCESS_LOG=all and with ACCESS_LOG=off.

    Both run at the same time and are measured in turn, twice each, so that a change of the
    machine's speed affects them alike.

    Returns:
        The predictions per second with "all" and "off", and the failed requests.

    Raises:
        BenchError: the service does not start.

    """
    with service(ACCESS_LOG="off") as off, service(ACCESS_LOG="all") as everything:
        loads = [running.load(CALLERS, seconds) for running in (off, everything, everything, off)]
    first_off, first_all, second_all, second_off = loads
    return {
        "all": mean((first_all.per_second, second_all.per_second)),
        "off": mean((first_off.per_second, second_off.per_second)),
        "errors": sum(load.errors for load in loads),
    }
