"""What the message of a failed load says beyond the exception, and which failures are final."""

from pathlib import Path

import pytest

from app.errors import ModelError, TransientModelError
from app.predictor.module import call_user_code, load_module
from tests.helpers import write_module

RUN = "def run(_): return 1\n"


def failure(folder: Path, source: str, name: str = "fraud") -> ModelError:
    """Return what loading a module raises, its `init()` included."""
    file = write_module(folder, f"{source}\n{RUN}", name)
    with pytest.raises(ModelError) as raised:
        call_user_code(file, "init()", load_module(file).init)
    return raised.value


def hint(folder: Path, source: str, name: str = "fraud") -> str:
    """Return the hint that the message and the reason end with, empty without one."""
    error = failure(folder, source, name)
    found = error.reason.partition("; ")[2]
    assert str(error).endswith(found)
    assert found == "" or not isinstance(error, TransientModelError)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import absent_x as x\ndef init(): x.Booster()",
        "from absent_x.core import Booster",
        "def init(): import absent_x",
    ],
)
def test_a_package_that_is_not_installed_is_to_be_added(tmp_path: Path, source: str) -> None:
    assert hint(tmp_path, source) == (
        "add the package of 'absent_x' to requirements.txt beside fraud.py, "
        "or put absent_x.py there if it is yours"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import absent_x as x\ndef init(): x.Booster()",
        "from absent_x import Booster",
        "from absent_x.core import Booster",
    ],
)
def test_a_module_with_the_name_of_what_it_imports_is_to_be_renamed(
    tmp_path: Path, source: str
) -> None:
    expected = "absent_x.py imports itself as 'absent_x': rename it"
    assert hint(tmp_path, source, "absent_x") == expected


def test_a_neighbour_with_the_name_of_what_it_imports_is_to_be_renamed(tmp_path: Path) -> None:
    write_module(tmp_path, "from absent_x import Booster\n", "absent_x")
    expected = "absent_x.py imports itself as 'absent_x': rename it"
    assert hint(tmp_path, "import absent_x") == expected


@pytest.mark.parametrize(
    ("neighbour", "source", "named"),
    [
        ("app/features", "from app.features import scale", "app"),
        ("statistics", "from statistics import own", "statistics.py"),
        ("statistics", "import statistics\ndef init(): statistics.own()", "statistics.py"),
        ("statistics", "import statistics.own", "statistics.py"),
    ],
)
def test_a_neighbour_with_the_name_of_a_module_in_use_is_to_be_renamed(
    tmp_path: Path, neighbour: str, source: str, named: str
) -> None:
    file = tmp_path / f"{neighbour}.py"
    write_module(file.parent, "own = scale = 1\n", file.stem)
    expected = f"{named} has the name of a Python module in use: rename it"
    assert hint(tmp_path, f"import statistics as _\n{source}") == expected


def test_a_neighbour_that_a_package_imports_by_mistake_is_to_be_renamed(tmp_path: Path) -> None:
    write_module(tmp_path, "", "antigravity")
    package = tmp_path / ".venv" / "site-packages"
    write_module(package, "from antigravity import fly\n", "of_a_package")
    source = f"import sys\nsys.path.append({str(package)!r})\nimport of_a_package"
    expected = "antigravity.py has the name of a module that a package imports: rename it"
    assert hint(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("line", "write"),
    [
        ("from .scaling import scale", "from scaling import scale"),
        ("from .deep.scaling import scale as s, VALUE", "from deep.scaling import scale as s, VALUE"),
        ("from . import scaling", "import scaling"),
        ("from .scaling import (\n    scale\n)", "from scaling import …"),
        ("exec('from .scaling import scale')", None),
    ],
)  # fmt: skip
def test_a_relative_import_is_to_be_written_as_an_absolute_one(
    tmp_path: Path, line: str, write: str | None
) -> None:
    fix = f"write `{write}`" if write else "import without the dots"
    assert hint(tmp_path, line) == f"the model folder is no package: {fix}"


def test_a_relative_import_beyond_a_package_is_to_be_written_as_an_absolute_one(
    tmp_path: Path,
) -> None:
    write_module(tmp_path / "features", "", "__init__")
    write_module(tmp_path / "features", "from ..scaling import scale", "a")
    error = failure(tmp_path, "import features.a")
    assert error.reason == (
        "import failed at features/a.py, line 1: ImportError; "
        "the model folder is no package: write `from scaling import scale`"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import signal\nsignal.signal(signal.SIGTERM, print)",
        "import asyncio\nwith asyncio.Runner() as it: it.get_loop().add_signal_handler(15, print)",
    ],
)
def test_a_signal_handler_is_to_be_removed(tmp_path: Path, source: str) -> None:
    script = f"""
import threading
def load():
    global error
    try: exec({source!r})
    except Exception as raised: error = raised
def init():
    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    raise error
"""
    assert hint(tmp_path, script) == "the service handles signals: remove the call"


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("weights.bin", '.with_name("weights.bin")'),
        ("./weights.bin", '.with_name("weights.bin")'),
        ("data/more.bin", '.parent / "data/more.bin"'),
        ("/notebooks/fraud/weights.bin", '.with_name("weights.bin")'),
    ],
)
def test_a_path_that_is_not_relative_to_the_module_is_to_be(
    tmp_path: Path, path: str, write: str
) -> None:
    (tmp_path / "weights.bin").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "more.bin").touch()
    expected = f"the file is in the model folder: write `Path(__file__){write}`"
    assert hint(tmp_path, f"def init(): open({path!r})") == expected


BROKEN = """
class Odd(ImportError):
    name = property(lambda self: 1 / 0)
def init(): raise Odd
"""


@pytest.mark.parametrize(
    "source",
    [
        "def init(): open('absent.bin')",
        "from pathlib import Path\ndef init(): open(Path(__file__).with_name('absent.bin'))",
        "def init(): object().absent",
        "def init():\n    import json\n    json.absent",
        "from json import absent",
        "import json.absent",
        "def init(): raise ImportError",
        "def init(): raise FileNotFoundError",
        BROKEN,
    ],
)
def test_another_failure_has_no_hint(tmp_path: Path, source: str) -> None:
    assert hint(tmp_path, source) == ""


def test_an_import_that_the_module_can_do_without_is_no_failure(tmp_path: Path) -> None:
    source = "try:\n    import absent_x\nexcept ImportError:\n    absent_x = None\n"
    assert failure(tmp_path, f"{source}def init(): 1 / 0").reason == (
        "init() failed at fraud.py, line 5: ZeroDivisionError"
    )


@pytest.mark.parametrize(
    ("source", "is_final"),
    [
        ("import absent_x", True),
        ("def (", True),
        ("absent_x", True),
        ("def init(): open(__file__ + '.absent')", True),
        ("def init():\n    import pickle\n    pickle.loads(b'x')", True),
        ("def init(): open('/absent/file')", False),
        ("def init(): raise ConnectionError", False),
        ("def init(): raise ValueError", False),
        ("def init(): exit(1)", False),
        ("1 / 0", False),
    ],
)
def test_what_depends_on_the_files_alone_is_final(
    tmp_path: Path, source: str, is_final: bool
) -> None:
    assert isinstance(failure(tmp_path, source), TransientModelError) is not is_final
