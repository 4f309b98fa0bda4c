"""The model: loaded, tested, asked for predictions. Knows nothing of HTTP."""
