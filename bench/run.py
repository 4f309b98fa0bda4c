"""Measure this service and its peers: `python -m bench.run`, see README.md."""

import argparse
import platform
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import joblib

from bench import access_log, idle, many_rows, overload, render
from bench.load import HEADS, Requests, load
from bench.machine import commit, machine
from bench.registry import MEASURED, QUICK, SERVERS, TUNING
from bench.results import Measurement, Results, Scenario, load_name
from bench.server_process import BenchError, run_server
from bench.servers import BENCH, Server
from bench.venvs import prepare, versions

CONNECTIONS = (1, 32)
SCENARIOS = {
    scenario.NAME: scenario.measure for scenario in (idle, overload, access_log, many_rows)
}


def main() -> None:
    """Measure the servers and the scenarios, save the results and render them."""
    options = _options()
    servers = [SERVERS[key] for key in options.names if key in SERVERS]
    venvs = list(dict.fromkeys(server.venv for server in servers))
    if many_rows.NAME in options.names:
        venvs += [venv for venv in many_rows.VENVS if venv not in venvs]
    prepare(set(venvs))
    results = Results(about=_run_metadata(options, venvs), servers=_server_metadata(servers))
    if options.resume:
        results.add_to(Results.read(options.output), options.names)
    for number in range(1, options.rounds + 1):
        # A different order in each round, so that no server benefits from its position.
        for name in random.Random(number).sample(options.names, len(options.names)):
            for model in SERVERS[name].models if name in SERVERS else ("",):
                if (number, name, model) not in results.done:
                    print(f"round {number}: {name} {model}", flush=True)
                    _measure(name, model, number, options, results)
                    results.save(options.output)
    if options.output in (render.RESULTS, render.TUNING) and render.RESULTS.is_file():
        render.main()
    else:
        print(render.report(results, include_unmeasured=False))
    if results.failures:
        sys.exit("\n".join(results.failures))


def _measure(
    name: str, model: str, number: int, options: argparse.Namespace, results: Results
) -> None:
    """Measure a server with a model, or a scenario."""
    try:
        if name in SCENARIOS:
            values = SCENARIOS[name](options.scenario_seconds)
            results.scenarios.append(Scenario(name, number, values))
        else:
            measurement = _measure_server(SERVERS[name], model, number, options)
            results.measurements.append(measurement)
    except BenchError as error:
        # The other lines are the end of the server's log: print them, do not store them.
        results.failures.append(f"{name}, round {number}: {str(error).splitlines()[0]}")
        print(error, flush=True)


def _measure_server(
    server: Server, model: str, number: int, options: argparse.Namespace
) -> Measurement:
    data = joblib.load(BENCH / "models" / "rows.joblib")
    expected = None if server.kind == "limit" else data[model].tolist()
    bodies = [server.body(row) for row in data["rows"]]
    cpu_speed = _cpu_speed()
    seconds = {"mesh": options.seconds, "constant": options.constant_seconds}
    with run_server(server, model, data["rows"], expected) as running:
        requests = {head: Requests(running.url, bodies, head) for head in HEADS}
        load(requests["mesh"], connections=max(CONNECTIONS), seconds=options.warm_up)
        time.sleep(0.5)
        memory = running.memory_mib()
        loads = {
            load_name(n, head): load(requests[head], connections=n, seconds=seconds[head])
            for head in HEADS
            for n in CONNECTIONS
        }
    return Measurement(server.key, model, number, running.start_seconds, memory, cpu_speed, loads)


def _cpu_speed() -> float:
    """Return the current speed of an empty Python loop, in million iterations per second."""
    start = time.perf_counter()
    for _ in range(1_000_000):
        pass
    return 1 / (time.perf_counter() - start)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="; ".join([*SCENARIOS, *SERVERS]))
    parser.add_argument(
        "--quick", action="store_true", help="only this service, FastAPI and bare gunicorn"
    )
    parser.add_argument(
        "--tuning", action="store_true", help="compare alternative settings with the baselines"
    )
    parser.add_argument("--rounds", type=int, help="times to measure each server")
    parser.add_argument(
        "--seconds", type=int, help="duration of each load with the headers of a mesh"
    )
    parser.add_argument(
        "--constant-seconds", type=int, default=1, help="duration of each load with constant heads"
    )
    parser.add_argument("--scenario-seconds", type=int, help="duration of each load of a scenario")
    parser.add_argument(
        "--warm-up", type=int, default=1, help="seconds of load before the measurement"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue the run in --output, or add to it"
    )
    parser.add_argument("--output", type=Path, help="JSON file for the results")
    options = parser.parse_args()
    if unknown := set(options.names) - set(SERVERS) - set(SCENARIOS):
        parser.error(f"no such server or scenario: {', '.join(sorted(unknown))}")
    short = options.quick or options.tuning or options.names
    options.rounds = options.rounds or (2 if short else 5)
    options.seconds = options.seconds or (1 if options.quick else 2)
    options.scenario_seconds = options.scenario_seconds or (1 if options.quick else 2)
    name = "tuning" if options.tuning else "quick" if short else "results"
    options.output = (options.output or BENCH / f"{name}.json").resolve()
    chosen = QUICK if options.quick else TUNING if options.tuning else MEASURED
    scenarios = () if options.tuning else tuple(SCENARIOS)
    options.names = options.names or (*chosen, *scenarios)
    return options


def _server_metadata(servers: list[Server]) -> dict[str, dict[str, object]]:
    names = ("label", "kind", "processes", "settings", "command")
    return {
        server.key: {name: getattr(server, name) for name in names} | {"env": server.env}
        for server in servers
    }


def _run_metadata(options: argparse.Namespace, venvs: list[str]) -> dict[str, str]:
    packages = {
        "azureml": ("azureml-inference-server-http",),
        "compiled": ("onnxruntime", "skl2onnx"),
        "ours": ("flask", "gunicorn", "orjson", "scikit-learn", "numpy"),
        "fastapi": ("fastapi", "uvicorn", "pydantic"),
        "flask": (),
        "original": ("flask-restx", "loguru"),
    }
    installed_versions = []
    for venv in venvs:
        installed = versions(venv)
        wanted = packages.get(venv, (venv,))
        installed_versions += [f"{name} {installed[name]}" for name in wanted]
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit(),
        "machine": machine(),
        "Python": platform.python_version(),
        "versions": ", ".join(installed_versions),
        "rounds": f"{options.rounds}, {options.seconds} s per load, {options.constant_seconds} s "
        f"with constant heads, {options.scenario_seconds} s in a scenario, {options.warm_up} s "
        "warm-up",
    }


if __name__ == "__main__":
    main()
