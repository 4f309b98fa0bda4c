"""Render what README.md and SECURITY.md derive from the code: `python -m scripts.readme`."""

import re
from pathlib import Path

from app.config.documentation import markdown_table
from tests.predictor.pickles import AT_LOAD, STATIC

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write the settings' table into README.md, and the rejected pickles into SECURITY.md."""
    for name, render in RENDERED.items():
        file = ROOT / name
        file.write_text(render(file.read_text(encoding="utf-8")), encoding="utf-8")


def render_readme(text: str) -> str:
    """Return the text of README.md with the table of all settings."""
    return _replace(text, "settings", markdown_table())


def render_security(text: str) -> str:
    """Return the text of SECURITY.md with the list of the tests' pickles."""
    listed = f"- before anything runs: {'; '.join(STATIC)}\n- at the load: {'; '.join(AT_LOAD)}\n"
    return _replace(text, "pickles", listed)


def _replace(text: str, name: str, content: str) -> str:
    """Replace what is between two comments."""
    start, end = f"<!-- {name}: make readme -->\n", f"<!-- /{name} -->"
    pattern = re.escape(start) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: start + content + end, text, flags=re.DOTALL)


RENDERED = {"README.md": render_readme, "SECURITY.md": render_security}

if __name__ == "__main__":
    main()
