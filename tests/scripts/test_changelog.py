import re
import subprocess
import sys

import pytest
import yaml

from app import __version__
from scripts.changelog import CHANGELOG, Change, changes_of, notes, parse
from scripts.chart_metadata import update_metadata
from tests.helpers import ROOT

TEXT = """# Changelog

Any text.

## [Unreleased]

### Added

- Not released yet

## [1.1.0] - 2027-01-31

### Security

- A body may not be "endless",
  see `MAX: 1`

### Added

- One
- Two

## [1.0.0] - 2026-11-29 [YANKED]

### Fixed

- Three

[1.0.0]: https://example.com/releases/1.0.0
"""


def test_notes_have_one_line_for_each_change_of_the_version() -> None:
    assert notes("1.1.0", TEXT) == (
        '### Added\n\n- One\n- Two\n\n### Security\n\n- A body may not be "endless", see `MAX: 1`\n'
    )


def test_versions_are_in_order_without_what_is_not_released() -> None:
    assert list(parse(TEXT)) == ["1.1.0", "1.0.0"]
    assert changes_of("1.0.0", TEXT) == [Change("fixed", "Three")]


@pytest.mark.parametrize("version", ["1.2.0", "Unreleased", "1.1"])
def test_a_version_without_an_entry_is_an_error(version: str) -> None:
    with pytest.raises(ValueError, match=f"no changes of version {version}"):
        notes(version, TEXT)


@pytest.mark.parametrize("line", ["### New", "## [0.9.0] - January", "* Four", "Four"])
def test_a_line_that_would_get_lost_is_an_error(line: str) -> None:
    number = len(TEXT.splitlines()) + 1
    with pytest.raises(ValueError, match=f"line {number}: .*{re.escape(line)}"):
        parse(TEXT + line)


def test_chart_metadata_is_the_same_after_yaml_has_read_it() -> None:
    changes = changes_of("1.1.0", TEXT)
    chart = "icon: old\nannotations:\n  artifacthub.io/changes: |\n    - old\n  last: kept\n"
    rendered = yaml.safe_load(update_metadata(chart, b"<svg/>", changes))
    assert rendered["icon"] == "data:image/svg+xml;base64,PHN2Zy8+"
    assert rendered["annotations"]["last"] == "kept"
    assert yaml.safe_load(rendered["annotations"]["artifacthub.io/changes"]) == [
        {"kind": each.kind, "description": each.description} for each in changes
    ]


def test_the_command_prints_the_notes_of_the_current_version() -> None:
    command = [sys.executable, "-m", "scripts.changelog"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == notes(__version__, CHANGELOG.read_text())
