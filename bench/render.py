"""Render RESULTS.md and results.svg from the JSON files: `python -m bench.render`."""

import sys

from bench import access_log, idle, many_rows, overload
from bench.batch_forms import FORMS
from bench.chart import draw
from bench.load import HEADS, Head
from bench.results import Results, latency, memory, per_second, ratio, start, summary
from bench.servers import BENCH, MODELS
from bench.targets import targets

RESULTS, TUNING = BENCH / "results.json", BENCH / "tuning.json"

INTRODUCTION = """# Results

Rendered by `python -m bench.render`. [README.md](README.md) describes the method and how to read
the results. Each value is the median of all rounds, with the minimum and the maximum. Ratios are
computed within a round; a ratio below about 1.3 is inconclusive. c1 and c32 mean 1 and 32
connections. Each request carries one row, except in "1000 rows in one call", and six headers as an
ingress or a service mesh adds them, with ids that no other request has. Only the columns "constant
head" are from requests that all have the same few headers.
"""

# What a scenario's values are called in the table, with their format.
SCENARIOS = {
    idle.NAME: {
        "alone": (f"{idle.CALLERS} callers alone, requests/s", ".0f"),
        "beside": (f"beside {idle.CONNECTIONS} idle connections, requests/s", ".0f"),
        "closed": ("idle connections closed by the service", ".0f"),
    },
    overload.NAME: {
        "overloaded": (f"{overload.CALLERS} callers, predictions/s", ".0f"),
        "best": ("the best number of callers, predictions/s", ".0f"),
        "best_callers": ("the best number of callers", ".0f"),
        "refused": (f"{overload.CALLERS} callers, share of responses with 503", ".2f"),
        "errors": ("neither prediction nor 503", ".0f"),
        "probes": ("probes sent", ".0f"),
        "slowest_probe": ("slowest probe, ms", ".0f"),
    },
    access_log.NAME: {
        "all": (f"{access_log.CALLERS} callers, ACCESS_LOG=all, requests/s", ".0f"),
        "off": (f"{access_log.CALLERS} callers, ACCESS_LOG=off, requests/s", ".0f"),
    },
}


def main() -> None:
    """Write the files."""
    results = Results.read(RESULTS)
    if not results.measurements:
        sys.exit(f"{RESULTS.name} has no measurements of this version: run `python -m bench.run`")
    text = report(results)
    if TUNING.is_file():
        text += "\n## Alternative settings\n\n"
        text += "A separate run: each baseline next to its alternatives.\n\n"
        text += _run_table(tuned := Results.read(TUNING)) + _tuning_table(tuned) + _failures(tuned)
    (BENCH / "RESULTS.md").write_text(text)
    (BENCH / "results.svg").write_text(draw(results))


def report(results: Results, *, include_unmeasured: bool = True) -> str:
    """Return the results of a run as Markdown, with or without targets that were not measured."""
    parts = [INTRODUCTION, "![Requests per second](results.svg)\n", _run_table(results)]
    parts += ["## Targets\n", _target_table(results, include_unmeasured=include_unmeasured)]
    for model in MODELS:
        parts += [f"## The model `{model}`\n", _load_table(results, model)]
    if any(entry.name == many_rows.NAME for entry in results.scenarios):
        parts += [f"## {many_rows.ROWS} rows in one call\n", _many_rows_table(results)]
    if any(entry.name in SCENARIOS for entry in results.scenarios):
        parts += ["## Scenarios, this service only\n", _scenario_table(results)]
    parts += ["## Startup time and memory\n", _startup_table(results), _failures(results)]
    return "\n".join(part for part in parts if part)


def _run_table(results: Results) -> str:
    speeds = [entry.pace for entry in results.measurements]
    drift = f"varied {max(speeds) / min(speeds):.1f}x during the run" if speeds else ""
    rows = [[name, text] for name, text in {**results.about, "CPU speed": drift}.items()]
    return _table(["property", "value"], rows)


def _target_table(results: Results, *, include_unmeasured: bool) -> str:
    rows = []
    for target in targets(results):
        if not (target.values or include_unmeasured):
            continue
        form = ".0f" if target.unit in (" MiB", " ms") or target.limit == 0 else ".2f"
        measured = summary(target.values, form)
        rows.append([target.metric, target.wanted, measured, target.result])
    return _table(["metric", "target", "measured", "result"], rows)


def _load_table(results: Results, model: str) -> str:
    rows = []
    for key, server in results.servers.items():
        rates = results.values(key, model, per_second(32))
        if not rates:
            continue
        rows.append(
            [
                f"**{key}**" if server["kind"] == "ours" else key,
                *(summary(results.values(key, model, latency(1, p))) for p in ("p50", "p99")),
                summary(rates, ".0f"),
                summary(results.values(key, model, latency(32, "p99")), ".0f"),
                *(_compared(results, key, model, head) for head in HEADS),
                str(results.errors(key) or ""),
            ]
        )  # fmt: skip
    header = ["server", "c1 p50, ms", "c1 p99, ms", "c32, requests/s", "c32 p99, ms"]
    compared = "c32, this service / server, same process count"
    return _table([*header, compared, "the same, constant head", "errors"], rows)


def _compared(results: Results, key: str, model: str, head: Head) -> str:
    ours = f"ours-{results.servers[key]['processes']}"
    if key == ours:
        return ""
    rates = [results.values(name, model, per_second(32, head)) for name in (ours, key)]
    return summary(ratio(*rates), ".2f")


def _scenario_table(results: Results) -> str:
    rows = [
        [name, text, summary(results.scenario(name, value), form)]
        for name, values in SCENARIOS.items()
        for value, (text, form) in values.items()
    ]
    return _table(["scenario", "value", "measured"], rows)


def _many_rows_table(results: Results) -> str:
    own = [summary(many_rows.own_milliseconds(results, model)) for model in MODELS]
    rows = [["the model's own batch call", "", *(cell for ms in own for cell in (ms, ""))]]
    for form in FORMS:
        key = f"**{form.server}**" if form.server.startswith("ours") else form.server
        row = [key, form.text]
        for model in MODELS:
            row.append(summary(many_rows.milliseconds(results, model, form)))
            row.append(summary(many_rows.to_own_call(results, model, form)))
        rows.append(row)
    columns = [f"{model}: {metric}" for model in MODELS for metric in ("ms", "server / own call")]
    return _table(["server", "request", *columns], rows)


def _startup_table(results: Results) -> str:
    rows = [
        [
            key,
            server["label"],
            str(server["processes"]),
            server["settings"],
            summary(results.values(key, MODELS[0], start), ".1f"),
            summary(results.values(key, MODELS[0], memory), ".0f"),
        ]
        for key, server in results.servers.items()
    ]
    header = ["server", "description", "processes", "settings"]
    return _table([*header, "time to first response, s", "memory, MiB"], rows)


def _tuning_table(results: Results) -> str:
    rows = []
    for key, server in results.servers.items():
        row = [key.partition("+")[0], server["settings"]]
        for model in MODELS:
            p50 = results.values(key, model, latency(1, "p50"))
            rates = results.values(key, model, per_second(32))
            row += [summary(p50), summary(rates, ".0f")]
        rows.append([*row, str(results.errors(key) or "")])
    metrics = ("c1 p50, ms", "c32, requests/s")
    columns = [f"{model}: {metric}" for model in MODELS for metric in metrics]
    return _table(["server", "settings", *columns, "errors"], rows)


def _failures(results: Results) -> str:
    broken = [key for key in results.servers if results.errors(key)]
    broken += [name for name in SCENARIOS if any(results.scenario(name, "errors").values())]
    lines = [f"- {text}\n" for text in results.failures]
    lines += [f"- {key}: requests failed, so its results are not comparable\n" for key in broken]
    return "\n## Failures\n\n" + "".join(lines) if lines else ""


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
