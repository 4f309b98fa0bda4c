"""Print the release notes of the current version: `python -m scripts.changelog`."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from app import __version__

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")

_VERSION = re.compile(r"## \[?(?P<version>[^\]\s]+)\]?( - \d{4}-\d{2}-\d{2})?( \[YANKED\])?")
_LINK = re.compile(r"\[[^\]]+\]: .*")
_KIND = re.compile(rf"### (?P<kind>{'|'.join(KINDS)})", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """One change of a version; `kind` is a word of `KINDS`."""

    kind: str
    description: str


def parse(text: str) -> dict[str, list[Change]]:
    """Return the changes of each released version, newest first.

    Args:
        text: The text of a file in the form of Keep a Changelog.

    Raises:
        ValueError: A line below a version is not of this form.

    """
    versions: dict[str, list[Change]] = {}
    changes: list[Change] | None = None  # before the first version, any text is allowed
    kind = ""
    for number, line in enumerate(text.splitlines(), 1):
        if version := _VERSION.fullmatch(line):
            changes, kind = versions.setdefault(version["version"], []), ""
        elif not line or changes is None or _LINK.fullmatch(line):
            continue
        elif heading := _KIND.fullmatch(line):
            kind = heading["kind"].lower()
        elif line.startswith("- ") and kind:
            changes.append(Change(kind, line[2:].strip()))
        elif line.startswith("  ") and changes:
            changes[-1] = Change(kind, f"{changes[-1].description} {line.strip()}")
        else:
            raise ValueError(f"CHANGELOG.md, line {number}: no version, kind or change: {line}")
    versions.pop("Unreleased", None)
    return versions


def changes_of(version: str, text: str) -> list[Change]:
    """Return the changes of a version.

    Args:
        version: A version, such as 1.0.0.
        text: The text of a file in the form of Keep a Changelog.

    Raises:
        ValueError: The text has no entry for the version, or is not of this form.

    """
    if changes := parse(text).get(version):
        return changes
    raise ValueError(f"CHANGELOG.md has no changes of version {version}")


def notes(version: str, text: str) -> str:
    """Return the changes of a version as Markdown, one line for each.

    Args:
        version: A version, such as 1.0.0.
        text: The text of a file in the form of Keep a Changelog.

    Raises:
        ValueError: The text has no entry for the version, or is not of this form.

    """
    changes = changes_of(version, text)
    sections = [
        f"### {kind.capitalize()}\n\n" + "".join(f"- {each.description}\n" for each in group)
        for kind in KINDS
        if (group := [each for each in changes if each.kind == kind])
    ]
    return "\n".join(sections)


def main() -> None:
    """Print the notes of the current version, or why there are none."""
    try:
        print(notes(__version__, CHANGELOG.read_text(encoding="utf-8")), end="")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
