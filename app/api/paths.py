"""Paths that more than one module needs."""

PREDICT = "/api/model/predict"
