"""Bytes and processes: the gunicorn worker, its connections, loading before the fork."""
