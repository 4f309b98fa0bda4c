"""Serve one trained model as a typed, documented REST API."""

__version__ = "1.0.0"
