"""Text for messages and logs."""


def truncate(text: str, limit: int) -> str:
    """Return the first `limit` characters, and an ellipsis where there are more."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def escape_surrogates(text: str) -> str:
    """Return `text` with each lone surrogate escaped: one can be neither sent nor logged."""
    return str.encode(text, errors="backslashreplace").decode()
