"""The application that gunicorn serves."""

from app.config.settings import Settings
from app.factory import create_app

app = create_app(Settings.from_environ())
