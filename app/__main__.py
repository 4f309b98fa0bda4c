"""The development server: gunicorn as in production, with FLASK_DEBUG on by default."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Become gunicorn, which reloads on change and shows exceptions in its answers."""
    os.environ.setdefault("FLASK_DEBUG", "True")
    config = str(Path(__file__).with_name("gunicorn.conf.py"))
    command = [sys.executable, "-m", "gunicorn", "--config", config, "app.wsgi:app"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
