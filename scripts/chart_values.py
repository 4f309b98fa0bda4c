"""Parse the documentation of values.yaml: comments that start with `# --`."""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.]+):(?: |$)")
_COMMENT = re.compile(r" *# ?(?P<text>.*)")


@dataclass(frozen=True)
class Value:
    """A documented value: its path, default and description."""

    path: tuple[str, ...]
    default: Any
    description: str


def documented_values(values_yaml: str) -> list[Value]:
    """Return the documented values in the order of the file."""
    defaults = yaml.safe_load(values_yaml)
    values = []
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in values_yaml.splitlines():
        if match := _COMMENT.fullmatch(line):
            text = match["text"]
            if text.startswith("-- "):
                comment = [text[3:]]
            elif comment:
                comment.append(text)
            continue
        if key := _KEY.match(line):
            indent = len(key["indent"])
            path = [*(step for step in path if step[0] < indent), (indent, key["key"])]
            if comment:
                keys = tuple(name for _, name in path)
                values.append(Value(keys, _at(defaults, keys), " ".join(comment)))
        comment = []
    return values


def markdown_table(values: list[Value]) -> str:
    """Return the values as a Markdown table."""
    rows = ["| value | default | description |", "| --- | --- | --- |"]
    for value in values:
        default = json.dumps(value.default, ensure_ascii=False).replace("|", "\\|")
        description = value.description.replace("|", "\\|")
        rows.append(f"| `{'.'.join(value.path)}` | `{default}` | {description} |")
    return "\n".join(rows) + "\n"


def _at(tree: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any YAML
    for key in path:
        tree = tree[key]
    return tree
