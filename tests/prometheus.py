"""A real Prometheus: the installed one, nothing is downloaded."""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from scripts.dashboard import dashboard
from tests.helpers import Server, eventually, free_port

WINDOW = 300  # seconds, longer than any test: what Prometheus sees the first of counts as nothing
MISSING = (
    "Prometheus is not installed; on Debian: apt-get install --no-install-recommends prometheus"
)


def skip_without_prometheus() -> None:
    """Skip the calling module where Prometheus is not installed, except in CI."""
    is_missing = not (shutil.which("prometheus") and shutil.which("promtool"))
    if is_missing and os.environ.get("CI", "").lower() not in ("true", "1"):
        pytest.skip(f"Tests with Prometheus skipped: {MISSING}", allow_module_level=True)


def promtool(*arguments: str | Path, stdin: str = "") -> str:
    """Run promtool; return what it prints, or fail with that."""
    command = [shutil.which("promtool") or pytest.fail(MISSING), *map(str, arguments)]
    result = subprocess.run(
        command, check=False, input=stdin, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@dataclasses.dataclass
class Prometheus:
    """A running Prometheus."""

    url: str

    def ask(self, expr: str) -> dict[tuple[str, ...], float]:
        """Return the values of a query, each keyed by its labels."""
        response = requests.get(f"{self.url}/api/v1/query", params={"query": expr}, timeout=20)
        answer = response.json()
        assert answer["status"] == "success", f"{expr}: {answer}"
        return {
            tuple(f"{name}={value}" for name, value in sorted(each["metric"].items())): float(
                each["value"][1]
            )
            for each in answer["data"]["result"]
        }

    def total(self, expr: str) -> float:
        """Return the sum of a query's values."""
        return sum(self.ask(expr).values())

    def panel(self, title: str, target: int = 0) -> dict[tuple[str, ...], float]:
        """Return the values of a query of the dashboard, over all that has been scraped."""
        panels = json.loads(dashboard())["panels"]
        (found,) = [each for each in panels if each["title"] == title]
        expr = found["targets"][target]["expr"]
        for variable in ("namespace", "job", "parameter", "answer"):
            expr = expr.replace(f"${variable}", ".*")
        return self.ask(expr.replace("$__rate_interval", f"{WINDOW}s"))


def pod_labels(pod: str) -> dict[str, str]:
    """Return the labels that the Prometheus operator gives the metrics of a release `demo`."""
    name = "demo-ml-rest-api"
    return {"namespace": "models", "job": name, "service": name, "pod": pod}


def scraping(pods: Mapping[str, Server], rules: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the configuration that scrapes services every second, as pods of a release."""
    targets = [
        {"targets": [urlsplit(server.url).netloc], "labels": pod_labels(pod)}
        for pod, server in pods.items()
    ]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": "pods", "static_configs": targets}],
    }


@contextlib.contextmanager
def prometheus(folder: Path, configuration: dict[str, Any]) -> Iterator[Prometheus]:
    """Run Prometheus with a new database in `folder`, until the block ends."""
    folder.mkdir()
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration))
    address = f"127.0.0.1:{free_port()}"
    command = [
        shutil.which("prometheus") or pytest.fail(MISSING),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    found = Prometheus(f"http://{address}")
    try:
        eventually(lambda: requests.get(f"{found.url}/-/ready", timeout=5).status_code == 200)
        yield found
    finally:
        process.kill()
        process.wait()
