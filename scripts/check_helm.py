"""Check that real Helm binaries accept the chart and render the same output, as CI does.

`python -m scripts.check_helm helm helm3` takes the names or paths of the binaries.
"""

import base64
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parent.parent / "charts" / "ml-rest-api"

# Helm checks the version of the cluster; without one, the version that it was built with or for.
_VERSION = "--kube-version=1.34.0"
_SHA256 = f"model.sha256={'0' * 64}"

# 900 KiB of text that is difficult for YAML and templates, without a final newline.
_PYTHON = "# {{ fail }} 'é' \"😀\"\t\u2028\u0085\x7f\\n\r\n---\r\n".encode() * 20_000
_MODULE = _PYTHON[: 900 * 1024].decode(errors="ignore").encode() + b"\r"
_BINARY = bytes(range(256)) * 16

# What `--set` takes for a number or a text, and how it must be rendered.
_FORGIVEN = {
    "image: ml-rest-api:20241124": ["--set=image.tag=20241124"],
    'value: "0.5"': ["--set=settings.MAX_BATCH_WAIT_MS=0.5"],
    'team: "7"': ["--set=commonLabels.team=7"],
    "kind: Deployment": ["--set-json=networkPolicy=null", "--set-json=image=null"],
}

_INVALID = {
    "settings.LOG_LEVEL": ["--set=settings.LOG_LEVEL=LOUD"],
    "replicas": ["--set=replicas=2"],
    "model.module": ["--set=model.source=configMap"],
    "model.sha256": ["--set=model.uri=https://example.com/a"],
    "minReplicas": ["--set=autoscaling.enabled=true,autoscaling.minReplicas=99"],
}


def main() -> None:
    """Run every check with every binary and print one line for each failure."""
    binaries = sys.argv[1:] or ["helm"]
    failures = [failure for check in _CHECKS for failure in check(binaries)]
    print("\n".join(failures) if failures else f"The chart works with {', '.join(binaries)}.")
    sys.exit(bool(failures))


def _check_lint(binaries: list[str]) -> Iterator[str]:
    for helm in binaries:
        for options in _cases():
            result = _run(helm, "lint", "--strict", "--quiet", str(CHART), _VERSION, *options)
            if result.returncode:
                yield f"{helm} lint {options}: {result.stdout}{result.stderr}"


def _check_same_output(binaries: list[str]) -> Iterator[str]:
    for options in _cases():
        outputs = {helm: _documents(_template(helm, *options)) for helm in binaries}
        first = outputs[binaries[0]]
        yield from (
            f"{helm} template {options} differs from {binaries[0]}"
            for helm, output in outputs.items()
            if output != first
        )


def _check_file_contents(binaries: list[str]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        module, binary = Path(folder) / "fraud.py", Path(folder) / "model.b64"
        module.write_bytes(_MODULE)
        binary.write_bytes(base64.encodebytes(_BINARY))
        options = [f"--set-file=model.module={module}", f"--set-file=model.binaryFiles.b={binary}"]
        for helm in binaries:
            found = _config_map(_template(helm, *options))
            if found["data"]["ml_trained_model.py"].encode() != _MODULE:
                yield f"{helm}: model.module is not rendered unchanged"
            if base64.b64decode(found["binaryData"]["b"]) != _BINARY:
                yield f"{helm}: model.binaryFiles are not rendered unchanged"
            too_large = [*options, f"--set-file=model.files.again={module}"]
            yield from _check_rejected(helm, "init container", too_large)


def _check_invalid_values(binaries: list[str]) -> Iterator[str]:
    for helm in binaries:
        for name, options in _INVALID.items():
            yield from _check_rejected(helm, name, options)


def _check_forgiven_values(binaries: list[str]) -> Iterator[str]:
    for helm in binaries:
        for line, options in _FORGIVEN.items():
            if line not in _template(helm, *options):
                yield f"{helm} template {options} does not render {line!r}"


def _check_rejected(helm: str, name: str, options: list[str]) -> Iterator[str]:
    result = _run(helm, "template", "demo", str(CHART), _VERSION, *options)
    error = result.stderr.replace("/", ".")  # schema errors contain JSON pointers
    if not result.returncode or name not in error:
        yield f"{helm} template {options} does not fail with an error about {name}: {error}"


def _cases() -> Iterator[list[str]]:
    yield []
    yield [f"--set=model.uri=s3://models/a,{_SHA256}"]
    for path in sorted((CHART / "ci").glob("*-values.yaml")):
        yield [f"--values={path}"]


def _template(helm: str, *options: str) -> str:
    result = _run(helm, "template", "demo", str(CHART), "--namespace=models", _VERSION, *options)
    if result.returncode:
        sys.exit(f"{helm} template {options}: {result.stderr}")
    return result.stdout


def _documents(output: str) -> list[str]:
    """Return the documents without the final blank line that only Helm 4 adds to each."""
    return [document.strip() for document in output.split("\n---\n")]


def _config_map(output: str) -> dict[str, Any]:
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(output))
    return next(each for each in documents if each["kind"] == "ConfigMap")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


_CHECKS = (
    _check_lint,
    _check_same_output,
    _check_file_contents,
    _check_forgiven_values,
    _check_invalid_values,
)

if __name__ == "__main__":
    main()
