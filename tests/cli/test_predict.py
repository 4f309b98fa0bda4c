import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import ROOT, Server, free_port, serving, write_module

NESTED = """
    def sample():
        return {"a": 1, "b": [1.5], "c": {"d": "2021-10-26"}, "e": None, "f": {}, "g": []}

    def run(input_data):
        return input_data
"""


def ask(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "predict", url]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("model")
    write_module(folder, NESTED)
    with serving(folder) as server:
        yield server


def test_it_prints_the_prediction_for_the_services_own_sample(server: Server) -> None:
    asked = ask(server.url)
    assert asked.returncode == 0
    assert asked.stdout == (
        '{"a": 1, "b": [1.5], "c": {"d": "2021-10-26"}, "e": null, "f": {}, "g": []}\n'
    )


def test_without_sample_it_sends_an_empty_object(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return [row]")
    with serving(tmp_path) as server:
        assert ask(server.url).stdout == "[{}]\n"


def test_a_model_that_fails_is_one_line(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(_): return 1 / 0")
    with serving(tmp_path) as server:
        asked = ask(server.url)
    assert asked.returncode == 1
    assert asked.stderr == (
        f"Error: {server.url}/api/model/predict answered 500: "
        '{"message":"An unhandled exception occurred"}\n'
    )


def test_a_service_that_is_not_there_is_one_line() -> None:
    asked = ask(url := f"http://127.0.0.1:{free_port()}")
    assert asked.returncode == 1
    assert asked.stderr.startswith(f"Error: {url} cannot be reached: ")
    assert asked.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["localhost:8888", "http://", "http://host:port", "http://[x"])
def test_an_invalid_url_is_one_line(url: str) -> None:
    asked = ask(url)
    assert asked.returncode == 1
    assert asked.stderr == f"Error: '{url}' is not a URL: give http://HOST:PORT of the service\n"


def test_a_service_that_does_not_speak_http_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def respond() -> None:
            client, _ = other.accept()
            with client:
                client.recv(1000)
                client.sendall(b"SSH-2.0\r\n\r\n")

        thread = threading.Thread(target=respond)
        thread.start()
        asked = ask(url := f"http://127.0.0.1:{other.getsockname()[1]}")
        thread.join()
    assert asked.returncode == 1
    assert asked.stderr == f"Error: {url} did not respond in HTTP: BadStatusLine\n"
