"""Text for messages and logs."""


def truncate(text: str, limit: int) -> str:
    """Return the first `limit` characters, and an ellipsis where there are more."""
    return text if len(text) <= limit else f"{text[:limit]}…"
