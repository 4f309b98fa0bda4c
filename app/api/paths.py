"""Paths that more than one module needs."""

PREDICT = "/api/model/predict"
PREDICT_BATCH = "/api/model/predict_batch"
METRICS = "/metrics"
PROBES = ("/api/liveness", "/api/readiness")


def without_prefix(path: str, prefix: str) -> str:
    """Return a path without the prefix under which a proxy shows it, where it has that."""
    if prefix and path == prefix:
        return "/"
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
