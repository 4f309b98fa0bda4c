"""The service runs with the newest gunicorn, and with the oldest that pyproject.toml allows."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT, Server, eventually, serving, write_module
from tests.raw_http import LIVENESS, RawConnection, check_error_response, head, post, post_chunked

OLDEST = re.findall(r'"gunicorn>=([0-9.]+)"', (ROOT / "pyproject.toml").read_text())[0]


@pytest.fixture(scope="module", params=["gunicorn", f"gunicorn=={OLDEST}"])
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a version of gunicorn from the registry, newest by default."""
    folder = tmp_path_factory.mktemp("packages")
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    done = subprocess.run(
        [sys.executable, *command, request.param], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no registry: {done.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_core_of_the_server_works(packages: Path, tmp_path: Path, workers: str) -> None:
    write_module(tmp_path, "def run(row): return row\n")
    with serving(tmp_path, WORKERS=workers, PYTHONPATH=str(packages)) as server:
        check_requests(server)
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.log.count("is ready") == 2 * int(workers))
        assert {server.predict({"a": 1}).status_code for _ in range(20)} == {200}
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        os.kill(int(children.read_text().split()[-1]), signal.SIGKILL)
        eventually(lambda: server.log.count("is ready") == 2 * int(workers) + 1)
        check_requests(server)
        assert server.terminate() == 0


def check_requests(server: Server) -> None:
    sent = post(b'{"a": 1}') + post_chunked(b'{"a":', b"1}") + LIVENESS
    with RawConnection(server.port, sent + head("HEAD", "/api/liveness")) as connection:
        assert connection.read_response().json == {"a": 1}
        assert connection.read_response().json == {"a": 1}
        assert connection.read_response().json == {"Alive": True}
        assert connection.read_response("HEAD").status == 200
    for sent, status in ((b"nonsense\r\n\r\n", 400), (post(b"{"), 400), (head("GET", "/x"), 404)):
        with RawConnection(server.port, sent) as connection:
            check_error_response(connection.read_response(), status)
