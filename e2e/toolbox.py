"""A pod in the cluster: other pods' caller, and a file server for them."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from e2e.cluster import IMAGE, Namespace
from tests.helpers import eventually

# Sends every body at the same time; prints status, text and seconds of each answer, or null where
# one had no connection: a node's kube-proxy learns of a service a moment after Helm does, and what
# was sent before, to an address that led nowhere, is lost for good.
_CALL = """
import concurrent.futures, http.client, json, sys, time, urllib.parse
url, bodies = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2:]

def call(body):
    start = time.monotonic()
    connection = http.client.HTTPConnection(url.netloc, timeout=2)
    try:
        connection.connect()
    except OSError:
        return None
    connection.sock.settimeout(30)
    headers = {"Content-Type": "application/json"}
    connection.request("POST" if body else "GET", url.path, body.encode() or None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), time.monotonic() - start

with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
    answers = list(pool.map(call, bodies))
    print(json.dumps(None if None in answers else answers))
"""


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Toolbox:
    """The pod `toolbox`."""

    namespace: Namespace

    def get(self, url: str) -> Answer:
        """GET a page."""
        return self._call(url, "")[0]

    def predict(self, url: str, row: Any) -> Answer:
        """Ask the service at `url` for a prediction."""
        return self.predict_together(url, row)[0]

    def predict_together(self, url: str, *rows: Any) -> list[Answer]:
        """Ask for several predictions at the same time."""
        return self._call(f"{url}/api/model/predict", *(json.dumps(row) for row in rows))

    def _call(self, url: str, *bodies: str) -> list[Answer]:
        command = ("exec", "toolbox", "--", "python", "-c", _CALL, url, *bodies)

        def answers() -> Any:
            return json.loads(self.namespace.kubectl(*command))

        return [Answer(*answer) for answer in eventually(answers, within=60)]

    def address(self, name: str) -> str:
        """Return where a file is, or would be, served."""
        return f"http://toolbox.{self.namespace.name}.svc.cluster.local:8000/{name}"

    def serve(self, name: str, content: bytes) -> None:
        """Serve a file."""
        write = ("sh", "-c", 'cat > "/tmp/$0"', name)
        self.namespace.kubectl("exec", "--stdin", "toolbox", "--", *write, stdin=content)


@contextlib.contextmanager
def open_toolbox(namespace: Namespace) -> Iterator[Toolbox]:
    """Start the pod; it ends with its namespace."""
    labels = {"app": "toolbox"}
    toolbox = pod("toolbox", "python", "-m", "http.server", "8000", "--directory", "/tmp")
    toolbox["metadata"]["labels"] = labels
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "toolbox"},
        "spec": {"selector": labels, "ports": [{"port": 8000}]},
    }
    namespace.apply(toolbox, service)
    namespace.kubectl("wait", "--for=condition=Ready", "pod/toolbox", "--timeout=120s")
    yield Toolbox(namespace)


def pod(name: str, *command: str) -> dict[str, Any]:
    """Return a pod of this project's image that the restricted Pod Security Standard lets in."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container: dict[str, Any] = {"name": name, "image": IMAGE, "securityContext": security}
    if command:
        container["command"] = command
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
        },
    }
