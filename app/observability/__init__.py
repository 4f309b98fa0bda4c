"""Logs, metrics, termination messages."""
