"""The development server reloads when a file of the model or of the service changes."""

import shutil
import time
from pathlib import Path

from tests.helpers import ECHO, ROOT, eventually, serving, write_module

DEVELOPMENT = ("-m", "app")


def save(file: Path, text: str) -> None:
    """Save a change; repeat it later, as the reloader misses changes before its first scan."""
    if file.read_text() != text or time.time() - file.stat().st_mtime > 3:
        file.write_text(text)


def test_the_development_server_reloads_a_changed_module_also_after_a_syntax_error(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "model"
    file = write_module(folder, "def run(input_data): return 1")

    def predicts(number: int) -> bool:
        save(file, f"def run(input_data): return {number}")
        return bool(server.predict({}).json() == number)

    def reason() -> str:
        save(file, "def run(input_data) return 3")
        return server.get("/api/readiness").json().get("reason") or ""

    with serving(tmp_path, command=DEVELOPMENT, MODEL_DIR=str(folder)) as server:
        assert server.predict({}).json() == 1
        eventually(lambda: predicts(2))
        assert "ml_trained_model.py, line 1: SyntaxError" in eventually(reason)
        eventually(lambda: predicts(4))
        assert server.terminate() == 0


def test_the_development_server_reloads_when_any_file_of_the_model_folder_changes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "model [1]"
    source = """
        from pathlib import Path
        from features import weights
        NUMBERS = Path(__file__).with_name("data") / "numbers"
        def run(input_data): return [NUMBERS.read_text(), weights.VALUE, LOADED]
        LOADED = NUMBERS.read_text()
    """
    write_module(folder, source)
    numbers, weights = folder / "data" / "numbers", folder / "features" / "weights.py"
    for file, text in ((numbers, "1"), (weights, "VALUE = 1"), (weights.with_name("_x"), "")):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def predicts(file: Path, text: str, expected: list[object]) -> bool:
        save(file, text)
        return bool(server.predict({}).json() == expected)

    with serving(tmp_path, command=DEVELOPMENT, MODEL_DIR=str(folder)) as server:
        eventually(lambda: predicts(numbers, "2", ["2", 1, "2"]))
        eventually(lambda: predicts(weights, "VALUE = 20", ["2", 20, "2"]))


def test_the_development_server_does_not_reload_for_the_bytecode_that_it_writes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "model"
    write_module(folder, "import neighbour\ndef run(input_data): return 1\n")
    bytecode = folder / "__pycache__"
    bytecode.mkdir()
    (bytecode / "neighbour.cpython.pyc").write_bytes(b"old")
    write_module(folder, "", "neighbour")
    marker = folder / "marker"
    marker.touch()

    def reloads(file: Path) -> bool:
        save(file, "changed")
        return server.log.count("is ready") > 1

    with serving(tmp_path, command=DEVELOPMENT, MODEL_DIR=str(folder)) as server:
        watched = time.monotonic()
        eventually(lambda: time.monotonic() > watched + 3)  # the reloader looks every second
        for file in bytecode.iterdir():
            file.write_bytes(b"new")
        eventually(lambda: time.monotonic() > watched + 6)
        assert server.log.count("is ready") == 1
        eventually(lambda: reloads(marker))


def test_the_development_server_reloads_when_the_service_changes(tmp_path: Path) -> None:
    write_module(tmp_path / "model", ECHO)
    app = tmp_path / "app"
    shutil.copytree(ROOT / "app", app, ignore=shutil.ignore_patterns("__pycache__"))
    package = app / "__init__.py"
    changed = package.read_text().replace("1.0.0", "99.0.0")

    def version() -> str:
        save(package, changed)
        return str(server.get("/v2").json()["version"])

    with serving(
        tmp_path,
        command=DEVELOPMENT,
        MODEL_DIR=str(tmp_path / "model"),
        PYTHONPATH=str(tmp_path),
        PYTHONSAFEPATH="1",  # or the app of the current folder would be imported
    ) as server:
        eventually(lambda: version() == "99.0.0")
