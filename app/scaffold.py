"""`python -m app.scaffold FILE`: the command `python -m app scaffold`."""

from app.cli.scaffold import scaffold

if __name__ == "__main__":
    scaffold()
