"""What the fetch's tests share: a web server that answers as told, the fetch as a process."""

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
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    states: int | None = None  # a Content-Length other than the body's
    lengthless: bool = False  # states no Content-Length
    hangs: bool = False  # after the body, until the test is over


class Site:
    """Answers by path, in the order laid down; the last answer stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, Message]] = []
        self.asked = threading.Event()
        self.over = threading.Event()
        self.url = ""

    def puts(self, path: str, *answers: Answer | bytes) -> str:
        """Lay down what a path answers; return its URL."""
        self.answers[path] = [a if isinstance(a, Answer) else Answer(body=a) for a in answers]
        return self.url + path

    def answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [Answer(404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextlib.contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve on a free port of 127.0.0.1."""
    it = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            it.seen.append((self.path, self.headers))
            it.asked.set()
            answer = it.answer(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not answer.lengthless:
                length = len(answer.body) if answer.states is None else answer.states
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)
            if answer.hangs:
                self.wfile.flush()
                it.over.wait(60)

        def do_CONNECT(self) -> None:
            it.seen.append((self.path, self.headers))
            self.send_error(502)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
        it.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield it
        finally:
            it.over.set()
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


def start(environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.fetch"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        umask=0o077,  # modes must not depend on it
    )


def run(environ: Mapping[str, str]) -> Outcome:
    """Fetch to the end; a failure has exactly one line on stderr and leaves no temporary."""
    with start(environ) as process:
        log, error = process.communicate(timeout=60)
    assert error.count("\n") == (process.returncode != 0), error
    files = files_in(Path(environ["MODEL_TARGET"]))
    assert not [name for name in files if name.startswith(".fetch-")]
    return Outcome(process.returncode, log, error.rstrip("\n"), files)


def fetched(uri: str, content: bytes, target: Path, **more: str) -> dict[str, bytes]:
    """Fetch and return the files that are in the target then."""
    outcome = run(environment(uri, content, target, **more))
    assert outcome.code == 0, outcome.error
    return outcome.files


def refused(uri: str, content: bytes, target: Path, **more: str) -> str:
    """Fetch in vain and return the line that says why; nothing is in the target then."""
    outcome = run(environment(uri, content, target, **more))
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
