"""Measures this service and its peers: `python -m bench.run`, see README.md."""

import argparse
import os
import platform
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import joblib

from bench import render
from bench.load import load
from bench.registry import MEASURED, QUICK, SERVERS, TUNING
from bench.results import Measurement, Results
from bench.running import BenchError, running
from bench.servers import BENCH, Server
from bench.venvs import prepare, versions

CONNECTIONS = (1, 32)


def main() -> None:
    """Measure, keep the figures, render them."""
    options = _options()
    servers = [SERVERS[key] for key in options.servers]
    prepare({server.venv for server in servers})
    results = Results(about=_about(options, servers), servers=_described(servers))
    if options.resume:
        results.measurements = Results.read(options.output).measurements
    done = {(entry.round, entry.server, entry.model) for entry in results.measurements}
    for number in range(1, options.rounds + 1):
        # Another order in each round: who comes after whom is no one's advantage.
        for server in random.Random(number).sample(servers, len(servers)):
            for model in server.models:
                if (number, server.key, model) in done:
                    continue
                print(f"round {number}: {server.key}, {model}", flush=True)
                _measure(server, model, number, options, results)
                results.save(options.output)
    if options.output in (render.RESULTS, render.TUNING) and render.RESULTS.is_file():
        render.main()
    else:
        print(render.report(results, every_bar=False))
    if results.failures:
        sys.exit("\n".join(results.failures))


def _measure(
    server: Server, model: str, number: int, options: argparse.Namespace, results: Results
) -> None:
    data = joblib.load(BENCH / "models" / "rows.joblib")
    expected = None if server.kind == "limit" else data[model].tolist()
    bodies = [server.body(row) for row in data["rows"]]
    pace = _pace()
    try:
        with running(server, model, data["rows"], expected) as run:
            load(run.url, bodies, connections=max(CONNECTIONS), seconds=options.warm_up)
            time.sleep(0.5)
            memory = run.memory_mib()
            loads = {
                f"c{n}": load(run.url, bodies, connections=n, seconds=options.seconds)
                for n in CONNECTIONS
            }
    except BenchError as error:
        # The rest is the end of its log, which is for the terminal.
        results.failures.append(f"round {number}: {str(error).splitlines()[0]}")
        print(error, flush=True)
        return
    entry = Measurement(server.key, model, number, run.start_seconds, memory, pace, loads)
    results.measurements.append(entry)


def _pace() -> float:
    """Return how many million times a second Python goes round a loop now."""
    start = time.perf_counter()
    for _ in range(1_000_000):
        pass
    return 1 / (time.perf_counter() - start)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("servers", nargs="*", help="; ".join(SERVERS))
    parser.add_argument("--quick", action="store_true", help="this service, FastAPI, the limits")
    parser.add_argument("--tuning", action="store_true", help="other settings, beside the usual")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, help="of each load")
    parser.add_argument("--warm-up", type=int, default=1, help="seconds of load before")
    parser.add_argument("--resume", action="store_true", help="go on with the figures in --output")
    parser.add_argument("--output", type=Path, help="JSON file for the figures")
    options = parser.parse_args()
    if unknown := set(options.servers) - set(SERVERS):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    short = options.quick or options.tuning or options.servers
    options.rounds = options.rounds or (2 if short else 5)
    options.seconds = options.seconds or (2 if options.quick else 3 if options.tuning else 5)
    name = "tuning" if options.tuning else "quick" if short else "results"
    options.output = options.output or BENCH / f"{name}.json"
    chosen = QUICK if options.quick else TUNING if options.tuning else MEASURED
    options.servers = options.servers or chosen
    return options


def _described(servers: list[Server]) -> dict[str, dict[str, object]]:
    names = ("label", "kind", "processes", "settings", "command")
    return {
        server.key: {name: getattr(server, name) for name in names} | {"env": server.env}
        for server in servers
    }


def _about(options: argparse.Namespace, servers: list[Server]) -> dict[str, str]:
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    packages = {
        "compiled": ("onnxruntime", "skl2onnx"),
        "ours": ("flask", "gunicorn", "orjson", "scikit-learn", "numpy"),
        "fastapi": ("fastapi", "uvicorn", "pydantic"),
        "flask": (),
        "original": ("flask-restx", "loguru"),
    }
    found = []
    for venv in dict.fromkeys(server.venv for server in servers):
        installed = versions(venv)
        wanted = packages.get(venv, (venv,))
        found += [f"{name} {installed[name]}" for name in wanted]
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "machine": f"{cpu}, {len(_cores())} cores, {memory:.0f} GiB, {platform.system()} "
        + platform.release().partition("-")[0],
        "Python": platform.python_version(),
        "versions": ", ".join(found),
        "rounds": f"{options.rounds}, each load {options.seconds} s after {options.warm_up} s",
    }


def _cores() -> set[int]:
    return os.sched_getaffinity(0)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    run = subprocess.run(command, cwd=BENCH, capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
