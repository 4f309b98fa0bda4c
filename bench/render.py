"""Renders RESULTS.md and results.svg from the JSON files: `python -m bench.render`."""

from bench.bars import bars
from bench.chart import draw
from bench.results import Results, latency, memory, per_second, ratio, spread, start
from bench.servers import BENCH, MODELS

RESULTS, TUNING = BENCH / "results.json", BENCH / "tuning.json"

INTRODUCTION = """# Results

Rendered by `python -m bench.render`; [README.md](README.md) says how it was measured and how to
read it. Each figure is the median of the rounds with the lowest and the highest; ratios are
taken within a round, and one below about 1.3 is not established. c1 and c32 are 1 and 32
connections, a row a call.
"""


def main() -> None:
    """Write the files."""
    results = Results.read(RESULTS)
    text = report(results)
    if TUNING.is_file():
        text += "\n## Other settings tried\n\nA run of its own, each beside what it changes.\n\n"
        text += _about(tuned := Results.read(TUNING)) + _tuning(tuned) + _failures(tuned)
    (BENCH / "RESULTS.md").write_text(text)
    (BENCH / "results.svg").write_text(draw(results))


def report(results: Results, *, every_bar: bool = True) -> str:
    """Return the results of a run as Markdown, with the bars that it says nothing of or without."""
    parts = [INTRODUCTION, "![Answers a second](results.svg)\n", _about(results)]
    parts += ["## To reach\n", _bars(results, every=every_bar)]
    for model in MODELS:
        parts += [f"## The model `{model}`\n", _loads(results, model)]
    parts += ["## Start and memory\n", _starts(results), _failures(results)]
    return "\n".join(part for part in parts if part)


def _about(results: Results) -> str:
    paces = [entry.pace for entry in results.measurements]
    drift = f"its fastest moment {max(paces) / min(paces):.1f} times its slowest" if paces else ""
    rows = [[name, text] for name, text in {**results.about, "machine's pace": drift}.items()]
    return _table(["what", ""], rows)


def _bars(results: Results, *, every: bool) -> str:
    rows = []
    for bar in bars(results):
        if not (bar.values or every):
            continue
        limit = f"at {'most' if bar.at_most else 'least'} {bar.limit:g}{bar.unit}"
        form = ".0f" if "MiB" in bar.unit else ".2f"
        rows.append([bar.figure, limit, spread(bar.values, form), bar.verdict])
    return _table(["figure", "bar", "measured", ""], rows)


def _loads(results: Results, model: str) -> str:
    ours = {n: results.values(f"ours-{n}", model, per_second(32)) for n in (1, 2)}
    rows = []
    for key, server in results.servers.items():
        rates = results.values(key, model, per_second(32))
        if not rates:
            continue
        compared = (
            ""
            if key in ("ours-1", "ours-2")
            else spread(ratio(ours[server["processes"]], rates), ".2f")
        )
        rows.append(
            [
                f"**{key}**" if server["kind"] == "ours" else key,
                *(spread(results.values(key, model, latency(1, p))) for p in ("p50", "p99")),
                spread(rates, ".0f"),
                spread(results.values(key, model, latency(32, "p99")), ".0f"),
                compared,
                str(results.errors(key) or ""),
            ]
        )  # fmt: skip
    header = ["server", "c1 p50, ms", "c1 p99, ms", "c32, a second", "c32 p99, ms"]
    return _table([*header, "this service to it at c32, as many processes", "errors"], rows)


def _starts(results: Results) -> str:
    rows = [
        [
            key,
            server["label"],
            str(server["processes"]),
            server["settings"],
            spread(results.values(key, MODELS[0], start), ".1f"),
            spread(results.values(key, MODELS[0], memory), ".0f"),
        ]
        for key, server in results.servers.items()
    ]
    header = ["server", "what", "processes", "settings", "start to first answer, s", "memory, MiB"]
    return _table(header, rows)


def _tuning(results: Results) -> str:
    rows = []
    for key, server in results.servers.items():
        row = [key.partition("+")[0], server["settings"]]
        for model in MODELS:
            p50 = results.values(key, model, latency(1, "p50"))
            rates = results.values(key, model, per_second(32))
            row += [spread(p50), spread(rates, ".0f")]
        rows.append([*row, str(results.errors(key) or "")])
    columns = [f"{model}: {what}" for model in MODELS for what in ("c1 p50, ms", "c32, a second")]
    return _table(["server", "settings", *columns, "errors"], rows)


def _failures(results: Results) -> str:
    broken = [key for key in results.servers if results.errors(key)]
    lines = [f"- {text}\n" for text in results.failures]
    lines += [f"- {key}: requests failed, so its figures are no comparison\n" for key in broken]
    return "\n## What failed\n\n" + "".join(lines) if lines else ""


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
