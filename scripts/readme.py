"""Render the settings table into README.md: `python -m scripts.readme`."""

import re
from pathlib import Path

from app.config.documentation import markdown_table

README = Path(__file__).resolve().parent.parent / "README.md"


def main() -> None:
    """Replace the text between the two markers with the table."""
    text = README.read_text(encoding="utf-8")
    start, end = "<!-- settings: make readme -->\n", "<!-- /settings -->"
    pattern = re.escape(start) + ".*?" + re.escape(end)
    README.write_text(
        re.sub(pattern, lambda _: start + markdown_table() + end, text, flags=re.DOTALL),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
