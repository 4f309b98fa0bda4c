"""Shared by the fetch tests: a web server with prepared responses, the fetch as a process."""

import contextlib
import hashlib
import io
import os
import ssl
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = b"def run(input_data):\n    return input_data\n"
STORE_HEADERS = {"ETag": '"1"', "Last-Modified": "Tue, 26 Oct 2021 12:34:56 GMT"}


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_length: int | None = None  # if it differs from the body's length
    omit_length: bool = False  # send no Content-Length
    hangs: bool = False  # after the body, until the end of the test


class Site:
    """The responses of a web server by path, in order; the last one is repeated."""

    def __init__(self) -> None:
        self.responses: dict[str, list[Response]] = {}
        self.requests: list[tuple[str, Message]] = []
        self.requested = threading.Event()
        self.finished = threading.Event()
        self.url = ""

    def add(self, path: str, *responses: Response | bytes) -> str:
        """Set the responses of a path; return its URL."""
        self.responses[path] = [
            r if isinstance(r, Response) else Response(body=r) for r in responses
        ]
        return self.url + path

    def next_response(self, path: str) -> Response:
        responses = self.responses.get(path, [Response(404)])
        return responses.pop(0) if len(responses) > 1 else responses[0]


@contextlib.contextmanager
def serve_site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve on a free port of 127.0.0.1."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append((self.path, self.headers))
            site.requested.set()
            response = site.next_response(self.path)
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if not response.omit_length:
                length = (
                    len(response.body)
                    if response.content_length is None
                    else response.content_length
                )
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(response.body)
            if response.hangs:
                self.wfile.flush()
                site.finished.wait(60)

        def do_CONNECT(self) -> None:
            site.requests.append((self.path, self.headers))
            self.send_error(502)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
        site.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield site
        finally:
            site.finished.set()
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Outcome:
    code: int
    log: str
    error: str
    files: dict[str, bytes]


def environment(uri: str, content: bytes, target: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONWARNINGS": "error",
        "MODEL_URI": uri,
        "MODEL_SHA256": hashlib.sha256(content).hexdigest(),
        "MODEL_TARGET": str(target),
        "FETCH_RETRIES": "0",
        "FETCH_RETRY_SECONDS": "0",
        "TERMINATION_LOG": str(target.parent / "termination-log"),
        **more,
    }


def start_fetch(environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.fetch"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        umask=0o077,  # the modes of the files must not depend on it
    )


def run_fetch(environ: Mapping[str, str]) -> Outcome:
    """Run the fetch; check that a failure prints one line, and that no temporary file is left."""
    with start_fetch(environ) as process:
        log, error = process.communicate(timeout=60)
    assert error.count("\n") == (process.returncode != 0), error
    files = files_in(Path(environ["MODEL_TARGET"]))
    assert not [name for name in files if name.startswith(".fetch-")]
    return Outcome(process.returncode, log, error.rstrip("\n"), files)


def fetch(uri: str, content: bytes, target: Path, **more: str) -> dict[str, bytes]:
    """Run a fetch that must succeed; return the files in the target folder."""
    outcome = run_fetch(environment(uri, content, target, **more))
    assert outcome.code == 0, outcome.error
    return outcome.files


def fetch_error(uri: str, content: bytes, target: Path, **more: str) -> str:
    """Run a fetch that must fail and leave the target folder empty; return the error line."""
    outcome = run_fetch(environment(uri, content, target, **more))
    assert outcome.code == 1, outcome.log
    assert not outcome.files
    assert not (target.is_dir() and list(target.iterdir()))
    return outcome.error


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tar_of(files: Mapping[str, bytes], compression: str = "gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{compression}") as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
