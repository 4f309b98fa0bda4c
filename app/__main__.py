"""`python -m app`: the development server and the commands; see cli/."""

from app.cli.main import main

if __name__ == "__main__":
    main()
