"""The Flask application, as its routes and its server know it."""

from flask import Flask

from app.predictor.predictor import Predictor


class Application(Flask):
    """A Flask application that serves one model.

    Attributes:
        predictor: the model, to be started by the process that serves the application.

    """

    def __init__(self, predictor: Predictor) -> None:
        """Create it without routes."""
        super().__init__("app", static_folder=None)
        self.predictor = predictor
