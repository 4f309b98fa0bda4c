"""Draw the requests per second as an SVG that is readable on light and dark pages.

It shows the load with the headers of a mesh.
"""

from html import escape
from statistics import median

from bench.results import Results, per_second
from bench.servers import MODELS

WIDTH = 860
LABEL = 330
ROW = 19

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .page { fill: #ffffff }
  .ours { fill: #1a7f37 } .peer { fill: #8c959f }
  .original { fill: #bf8700 } .limit { fill: #d0d7de }
  .spread { stroke: #1f2328; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117 } .spread { stroke: #e6edf3 }
    .ours { fill: #2ea043 } .peer { fill: #6e7681 }
    .original { fill: #9e6a03 } .limit { fill: #373e47 }
  }
"""


def draw(results: Results) -> str:
    """Return the SVG: a panel per model and a bar per server, the fastest first."""
    parts: list[str] = []
    y = 12
    for model in MODELS:
        y = _panel(results, model, parts, y) + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}" role="img" aria-label="Requests per second at 32 connections">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="page" width="{WIDTH}" height="{y}" rx="6"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(results: Results, model: str, parts: list[str], y: int) -> int:
    rates = {key: results.values(key, model, per_second(32)) for key in results.servers}
    ranked = sorted(
        ((median(values.values()), key) for key, values in rates.items() if values), reverse=True
    )
    if not ranked:
        return y
    scale = (WIDTH - LABEL - 70) / max(max(values.values()) for values in rates.values() if values)
    parts.append(f'<text class="title" x="12" y="{y + 14}">{_title(model)}</text>')
    y += 26
    for rate, key in ranked:
        server, values = results.servers[key], rates[key].values()
        low, high = (LABEL + scale * value for value in (min(values), max(values)))
        middle = y + ROW / 2
        label = escape(f"{server['label']}, {server['processes']} p.")
        parts.append(
            f'<text x="{LABEL - 8}" y="{middle + 4}" text-anchor="end">{label}</text>'
            f'<rect class="{server["kind"]}" x="{LABEL}" y="{y + 2}" '
            f'width="{scale * rate:.1f}" height="{ROW - 5}" rx="2"/>'
            f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
            f'<text x="{high + 6:.1f}" y="{middle + 4}">{rate:.0f}</text>'
        )
        y += ROW
    return y


def _title(model: str) -> str:
    names = {"cheap": "logistic regression", "forest": "random forest of 100 trees"}
    return f"Requests per second at 32 connections, one row and own ids each: {names[model]}"
