"""A pod in the cluster that sends requests to other pods and serves files to them."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from e2e.cluster import IMAGE, CommandError, Namespace
from tests.helpers import eventually

# Sends all bodies at the same time; prints status, text and seconds of each response, or null if
# one could not connect: the kube-proxy of a node learns of a Service a moment after Helm does, and
# packets that were sent before, to an address without a backend, are lost.
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
    response = connection.getresponse()
    return response.status, response.read().decode(), time.monotonic() - start

with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
    responses = list(pool.map(call, bodies))
    print(json.dumps(None if None in responses else responses))
"""


@dataclass(frozen=True)
class Response:
    """The response of a service."""

    status: int
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Toolbox:
    """The pod `toolbox`."""

    namespace: Namespace

    def get(self, url: str) -> Response:
        """Send a GET request."""
        return self._call(url, "")[0]

    def post(self, url: str, body: Any) -> Response:
        """Send a POST request with a JSON body."""
        return self._call(url, json.dumps(body))[0]

    def predict(self, url: str, row: Any) -> Response:
        """Request a prediction from the service at `url`."""
        return self.predict_together(url, row)[0]

    def predict_together(self, url: str, *rows: Any) -> list[Response]:
        """Request several predictions at the same time."""
        return self._call(f"{url}/api/model/predict", *(json.dumps(row) for row in rows))

    def _call(self, url: str, *bodies: str) -> list[Response]:
        command = ("exec", "toolbox", "--", "python", "-c", _CALL, url, *bodies)

        def responses() -> Any:
            try:
                return json.loads(self.namespace.kubectl(*command))
            except CommandError as error:
                if "OCI runtime exec failed" in str(error):  # nothing was started
                    return None
                raise

        return [Response(*response) for response in eventually(responses, within=60)]

    def address(self, name: str) -> str:
        """Return the URL of a file, whether it exists or not."""
        return f"http://toolbox.{self.namespace.name}.svc.cluster.local:8000/{name}"

    def serve(self, name: str, content: bytes) -> None:
        """Serve a file."""
        write = ("sh", "-c", 'cat > "/tmp/$0"', name)
        self.namespace.kubectl("exec", "--stdin", "toolbox", "--", *write, stdin=content)


@contextlib.contextmanager
def open_toolbox(namespace: Namespace) -> Iterator[Toolbox]:
    """Start the pod, which is deleted with its namespace."""
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
    """Return a pod of this project's image that meets the restricted Pod Security Standard."""
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
