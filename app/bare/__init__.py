"""A model file without a module: what the fitted object tells becomes a module."""
