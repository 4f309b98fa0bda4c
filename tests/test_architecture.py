"""docs/architecture.md names files and rooms that are there."""

import re

from tests.helpers import ROOT

DOCUMENT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_every_file_that_it_names_exists() -> None:
    names = {path.name for folder in ("app", "tests") for path in (ROOT / folder).rglob("*.py")}
    named = re.findall(r"[\w.]+\.py\b", DOCUMENT)
    assert len(named) > 20
    assert set(named) <= names


def test_every_room_is_in_it() -> None:
    rooms = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
    assert rooms
    assert {room for room in rooms if f"`app/{room}/`" not in DOCUMENT} == set()
