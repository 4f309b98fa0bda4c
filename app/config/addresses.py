"""The addresses of the service: where it listens, and what it logs for people."""

import socket
from typing import NamedTuple

from app.config.settings import Settings


class Address(NamedTuple):
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return host:port, as gunicorn's `bind` has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def check(self) -> None:
        """Check that nobody listens there.

        Raises:
            OSError: somebody does, or it is no address of this machine.

        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((self.host, self.port))


def listening_addresses(settings: Settings) -> dict[str, Address]:
    """Return the addresses to listen on, by the setting of the port; FLASK_PORT is the first."""
    ports = {"FLASK_PORT": settings.FLASK_PORT, "METRICS_PORT": settings.METRICS_PORT}
    return {name: Address(settings.FLASK_HOST, port) for name, port in ports.items() if port}


def swagger_address(settings: Settings) -> str:
    """Return the Swagger page's address: at FLASK_SERVER_NAME, whose default follows FLASK_PORT."""
    name = settings.FLASK_SERVER_NAME
    if name == Settings.FLASK_SERVER_NAME:
        name = f"localhost:{settings.FLASK_PORT}"
    return f"http://{name}{settings.root_path}/api/"
