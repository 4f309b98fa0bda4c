"""Render what Chart.yaml takes from other files: its icon and the changes of its version."""

import base64
import json
import re

from scripts.changelog import Change

_ICON = re.compile(r"^icon: .*\n", re.MULTILINE)
_CHANGES = re.compile(r"^  artifacthub\.io/changes: \|\n(    .*\n)*", re.MULTILINE)


def update_metadata(chart_yaml: str, icon: bytes, changes: list[Change]) -> str:
    """Return the text of Chart.yaml with an updated icon and updated changes.

    The icon is part of the file, so that it needs no address.

    Args:
        chart_yaml: The text of Chart.yaml, which has both.
        icon: An SVG image.
        changes: The changes of the chart's version.

    """
    uri = f"icon: data:image/svg+xml;base64,{base64.b64encode(icon).decode()}\n"
    lines = ["  artifacthub.io/changes: |\n"]
    for change in changes:
        description = json.dumps(change.description, ensure_ascii=False)
        lines += [f"    - kind: {change.kind}\n", f"      description: {description}\n"]
    with_icon = _ICON.sub(lambda _: uri, chart_yaml)
    return _CHANGES.sub(lambda _: "".join(lines), with_icon)
