import socket

import pytest

from app.config.addresses import Address, listening_addresses, swagger_address
from app.config.settings import Settings


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://localhost:8888/api/"),
        ({"FLASK_PORT": "9000"}, "http://localhost:9000/api/"),
        ({"FLASK_SERVER_NAME": "ml.example", "FLASK_PORT": "9000"}, "http://ml.example/api/"),
        ({"ROOT_PATH": "fraud/"}, "http://localhost:8888/fraud/api/"),
    ],
)
def test_the_start_up_line_has_the_address_that_a_browser_needs(
    environ: dict[str, str], address: str
) -> None:
    assert swagger_address(Settings.from_environ(environ)) == address


def test_an_ipv6_host_is_bracketed() -> None:
    addresses = listening_addresses(Settings(FLASK_HOST="::1"))
    assert [str(address) for address in addresses.values()] == ["[::1]:8888"]


def test_a_port_for_the_metrics_is_another_address() -> None:
    addresses = listening_addresses(Settings(METRICS_PORT=9090))
    assert list(map(str, addresses.values())) == ["0.0.0.0:8888", "0.0.0.0:9090"]


def test_an_address_that_somebody_listens_on_is_not_available() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(OSError, match="in use"),
    ):
        Address(*listening.getsockname()).check()
