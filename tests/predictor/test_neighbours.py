"""Modules of the model folder, which each load reads anew."""

import sys
from pathlib import Path

import pytest

from app.predictor.module import load_module
from tests.helpers import write_module


def test_modules_of_packages_and_of_packages_in_them_are_read_anew(tmp_path: Path) -> None:
    for folder in (tmp_path / "features", tmp_path / "features" / "deep", tmp_path / "spaced"):
        write_module(folder, "VALUE = 1\n", "values")
    write_module(tmp_path / "features", "", "__init__")
    source = """
        import features.values, features.deep.values, spaced.values
        def run(_):
            modules = (features, features.deep, spaced)
            return [module.values.VALUE for module in modules]
    """
    file = write_module(tmp_path, source, "fraud")
    assert load_module(file).run({}) == [1, 1, 1]
    for folder in (tmp_path / "features", tmp_path / "features" / "deep", tmp_path / "spaced"):
        write_module(folder, "VALUE = 1000\n", "values")
    assert load_module(file).run({}) == [1000, 1000, 1000]


def test_modules_in_use_before_are_kept_though_they_are_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path, "VALUE = 1\n", "of_the_service")
    monkeypatch.syspath_prepend(tmp_path)
    import of_the_service  # type: ignore[import-not-found]  # noqa: PLC0415

    file = write_module(tmp_path, "import of_the_service\ndef run(_): return 1\n", "fraud")
    load_module(file)
    load_module(file)
    assert sys.modules["of_the_service"] is of_the_service


def test_packages_of_an_environment_in_the_folder_are_kept(tmp_path: Path) -> None:
    packages = tmp_path / ".venv" / "lib" / "site-packages"
    write_module(packages / "of_the_environment", "", "__init__")
    source = f"""
        import sys
        sys.path.append({str(packages)!r})
        import of_the_environment
        def run(_): return of_the_environment
    """
    file = write_module(tmp_path, source, "fraud")
    assert load_module(file).run({}) is load_module(file).run({})


def test_packages_with_compiled_modules_are_kept_since_they_load_once_in_a_process(
    tmp_path: Path,
) -> None:
    import _json  # noqa: PLC0415 - a compiled module of Python's

    package = tmp_path / "compiled"
    write_module(package, "from compiled import _json\n", "__init__")
    (package / Path(_json.__file__).name).symlink_to(_json.__file__)
    file = write_module(tmp_path, "import compiled\ndef run(_): return compiled\n", "fraud")
    assert load_module(file).run({}) is load_module(file).run({})
