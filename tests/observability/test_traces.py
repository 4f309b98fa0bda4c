import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

import pytest

from app.observability.traces import exporter_names
from tests.helpers import ROOT, eventually, free_port, serving, write_module
from tests.observability.collector import SERVER_SPAN, collecting

ENDPOINT: dict[str, Any] = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
IMPORTED = """
    import os, sys

    def run(input_data):
        return {
            "imported": [name for name in sys.modules if name.startswith("opentelemetry")],
            "process": os.getpid(),
        }
"""


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, []),
        ({"OTEL_SERVICE_NAME": "fraud", "OTEL_EXPORTER_OTLP_ENDPOINT": " "}, []),
        (ENDPOINT, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a/v1/traces"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "none", **ENDPOINT}, []),
        ({"OTEL_SDK_DISABLED": "True", **ENDPOINT}, []),
        (
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                **ENDPOINT,
            },
            ["otlp_proto_http"],
        ),
    ],
)
def test_the_standard_variables_say_where_traces_go(
    environ: dict[str, str], names: list[str]
) -> None:
    assert exporter_names(environ) == names


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger", "names 'jaeger', which is not installed"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "opentelemetry-exporter-otlp-proto-grpc"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "expected http/protobuf or grpc"),
    ],
)
def test_an_exporter_that_is_not_there_is_an_error_that_names_it(
    name: str, value: str, text: str
) -> None:
    with pytest.raises(ValueError, match=rf"^Traces are off: .*{re.escape(text)}[^\n]*$"):
        exporter_names({**ENDPOINT, name: value})


def test_without_the_variables_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    write_module(tmp_path, IMPORTED)
    with serving(tmp_path, OTEL_SERVICE_NAME="fraud") as server:
        assert server.predict({}).json()["imported"] == []


def test_a_wrong_variable_is_one_line_and_the_service_runs(tmp_path: Path) -> None:
    write_module(tmp_path, IMPORTED)
    with serving(tmp_path, WORKERS="2", OTEL_EXPORTER_OTLP_PROTOCOL="grpc", **ENDPOINT) as server:
        assert server.predict({}).json()["imported"] == []
        assert server.log.count("Traces are off") == 1
    with serving(tmp_path, OTEL_PROPAGATORS="nonsense", **ENDPOINT) as server:
        assert server.predict({}).status_code == 200
        assert server.log.count("Traces are off: ValueError: Propagator nonsense not found") == 1


def test_without_the_packages_a_line_says_what_to_install(tmp_path: Path) -> None:
    """In an environment that has all other packages."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("opentelemetry"):
            (packages / entry.name).symlink_to(entry)
    write_module(tmp_path / "model", IMPORTED)
    command = ("-S", "-m", "gunicorn", "--config", "app/gunicorn.conf.py", "app.wsgi:app")
    environ: dict[str, Any] = {"PYTHONPATH": str(packages), **ENDPOINT}
    with serving(tmp_path / "model", command=command, **environ) as server:
        assert server.predict({}).json()["imported"] == []
        assert server.log.count("Traces are off") == 1
        assert "requirements-otel.txt" in server.log


def test_each_of_several_processes_exports_its_own_spans(tmp_path: Path) -> None:
    write_module(tmp_path, IMPORTED)
    with collecting() as collector, serving(tmp_path, WORKERS="2", **collector.environ) as server:
        processes: set[int] = set()
        number = 0
        while len(processes) < 2:
            processes.add(server.predict({}).json()["process"])
            number += 1
        assert server.terminate() == 0
        spans = collector.named(SERVER_SPAN)
        assert len(spans) == len(collector.named("run")) == number  # the last ones too
        assert len({it.resource["service.instance.id"] for it in spans}) == 2
        assert {it.resource["service.name"] for it in spans} == {"ml-rest-api"}


def test_the_variables_set_what_describes_the_process(tmp_path: Path) -> None:
    write_module(tmp_path, IMPORTED)
    with collecting() as collector:
        attributes = "service.name=scores,service.version=7,k8s.pod.name=scores-0"
        with serving(tmp_path, OTEL_RESOURCE_ATTRIBUTES=attributes, **collector.environ) as server:
            server.predict({})
            resource = collector.wait_for(SERVER_SPAN).resource
    assert resource["service.name"] == "scores"
    assert resource["service.version"] == "7"
    assert resource["k8s.pod.name"] == "scores-0"


@pytest.mark.parametrize("hangs", [False, True], ids=["down", "hangs"])
def test_a_collector_that_does_not_respond_costs_no_request_and_few_lines(
    tmp_path: Path, hangs: bool
) -> None:
    write_module(tmp_path, IMPORTED)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if hangs else free_port()
        settings: dict[str, Any] = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "10",
            "OTEL_BSP_MAX_QUEUE_SIZE": "8",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8",
            "GRACEFUL_TIMEOUT": "5",
        }
        with serving(tmp_path, **settings) as server:
            for _ in range(60):
                assert server.predict({}).status_code == 200
            assert hangs or eventually(lambda: "spans batch" in server.log)
            started = time.monotonic()
            assert server.terminate() == 0
            assert time.monotonic() - started < 5 + 2
            lines = server.log.splitlines()
            assert sum("span" in line.lower() for line in lines) <= 2
            assert len(lines) < 12


def test_the_packages_are_imported_by_one_module_alone() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import app.factory, app.server.serving, sys; print(*sys.modules)"],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "app.observability.traces" in found.stdout.split()
    assert "opentelemetry" not in found.stdout
