import sys
from pathlib import Path

import pytest

from app.errors import ModelError
from app.predictor.module import (
    call_user_code,
    find_module,
    format_exception_line,
    load_module,
    read_sample,
    type_name,
)
from tests.helpers import write_module

RUN = "def run(input_data): return 1\n"


@pytest.mark.parametrize("name", ["fraud", "fraud.py", ""])
def test_the_module_is_found_by_its_name_with_or_without_suffix_or_as_the_only_one(
    tmp_path: Path, name: str
) -> None:
    file = write_module(tmp_path, RUN, "fraud")
    write_module(tmp_path, RUN, "_helper")
    assert find_module(tmp_path, name) == file


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("fraud", ["other"], "Model module 'fraud' is not in the model folder, which holds other.py"),
        ("../fraud", ["other"], "Model module '../fraud' is not in the model folder"),
        ("fraud", [], "which holds no module: put fraud.py or one model file "),
        ("", ["a", "b"], "TRAINED_MODEL_MODULE_NAME is empty and the model folder holds a.py, b.py"),
        ("", [], "TRAINED_MODEL_MODULE_NAME is empty and the model folder holds no module"),
    ],
)  # fmt: skip
def test_a_module_that_is_not_there_is_named_with_what_is(
    tmp_path: Path, name: str, files: list[str], message: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_module(tmp_path, RUN, "fraud")
    for file in files:
        write_module(folder, RUN, file)
    with pytest.raises(ModelError) as error:
        find_module(folder, name)
    assert message in str(error.value)


def test_a_missing_folder_is_named_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="absent' does not exist: set MODEL_DIR"):
        find_module(tmp_path / "absent", "fraud")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "Model module 'fraud' has no function 'run': define it in fraud.py"),
        ("run = 1\n", "Model module 'fraud' has no function 'run': define it in fraud.py"),
        (f"{RUN}init = 1\n", "Model module 'fraud' has no function 'init'"),
        ("\ndef run(:\n", "fraud.py, line 2: SyntaxError: invalid syntax"),
        ("x = 1\n  y = 2\n", "fraud.py, line 2: IndentationError: unexpected indent"),
        ("\nimport absent\n", "import failed at fraud.py, line 2: ModuleNotFoundError: No module"),
        ("\n1 / 0\n", "import failed at fraud.py, line 2: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", "import failed at fraud.py, line 2: SystemExit: 3"),
        ("import broken\n", "broken.py, line 1: SyntaxError"),
        ("raise KeyboardInterrupt\n", "import failed at fraud.py, line 1: KeyboardInterrupt"),
        ("raise ValueError('one\\ntwo')\n", "ValueError: one"),
    ],
)  # fmt: skip
def test_a_module_that_cannot_be_used_is_one_line_that_says_where(
    tmp_path: Path, source: str, message: str
) -> None:
    write_module(tmp_path, "def (\n", "broken")
    file = write_module(tmp_path, source, "fraud")
    with pytest.raises(ModelError) as error:
        load_module(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "fraud.py"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="SyntaxError"):
        load_module(file)


def test_a_module_named_like_one_in_use_is_to_be_renamed(tmp_path: Path) -> None:
    file = write_module(tmp_path, RUN, "json")
    with pytest.raises(ModelError, match="'json' has the name of a Python module in use: rename"):
        load_module(file)


def test_a_module_imports_its_neighbours_and_both_are_read_anew_by_the_next_try(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, "VALUE = 1\n", "neighbour")
    file = write_module(
        tmp_path, "from neighbour import VALUE\ndef run(_): return VALUE\n", "fraud"
    )
    assert load_module(file).run({}) == 1
    write_module(tmp_path, "VALUE = 1000\n", "neighbour")
    assert load_module(file).run({}) == 1000


def test_a_module_of_another_folder_replaces_the_previous_one(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        load_module(write_module(tmp_path / folder, RUN, "fraud"))
    assert str(tmp_path / "b") in sys.path
    assert str(tmp_path / "a") not in sys.path


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no')", "sample() failed at fraud.py, line 3: ValueError: no"),
        ("return [1]", "sample() in fraud.py returned a list: return a dict of parameter names"),
        ("return None", "sample() in fraud.py returned a NoneType: return a dict"),
        ("return {1: 2}", "sample() in fraud.py has the key 1: parameter names must be strings"),
        ("raise SystemExit", "sample() failed at fraud.py, line 3: SystemExit"),
    ],
)
def test_a_sample_that_does_not_describe_is_one_line(
    tmp_path: Path, body: str, message: str
) -> None:
    file = write_module(tmp_path, f"{RUN}def sample():\n    {body}\n", "fraud")
    with pytest.raises(ModelError) as error:
        read_sample(file, load_module(file))
    assert message in str(error.value)


def test_a_module_without_sample_describes_nothing(tmp_path: Path) -> None:
    file = write_module(tmp_path, RUN, "fraud")
    assert read_sample(file, load_module(file)) is None


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("\nraise ValueError('password=x')\n", "import failed at fraud.py, line 2: ValueError"),
        ("raise SystemExit('x')\n", "import failed at fraud.py, line 1: SystemExit"),
        ("import json.x\n", "import failed at fraud.py, line 1: ModuleNotFoundError"),
        ("x = \n", "fraud.py, line 1: SyntaxError"),
        ("import ast\nast.literal_eval('x y')\n", "import failed at fraud.py, line 2: SyntaxError"),
        ("raise SyntaxError('x', (1, 2, 3, 4))\n", "import failed at fraud.py, line 1: SyntaxError"),
        ("x = 1\n", "Model module 'fraud' has no function 'run': define it in fraud.py"),
    ],
)  # fmt: skip
def test_the_reason_has_the_place_and_the_type_but_not_the_text_of_an_exception(
    tmp_path: Path, source: str, reason: str
) -> None:
    with pytest.raises(ModelError) as error:
        load_module(write_module(tmp_path, source, "fraud"))
    assert error.value.reason == reason
    assert str(error.value).startswith(reason)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("text"), "ValueError: text"), (ValueError(), "ValueError"), (KeyError("k"), "KeyError: 'k'"),
        (ValueError("one\ntwo"), "ValueError: one"), (ValueError("\n one\u2028two"), "ValueError: one"),
        (ValueError("\ud800"), r"ValueError: \ud800"), (ValueError("x" * 10_000), f"ValueError: {'x' * 1000}…"),
        (type("a\nb", (Exception,), {})("text"), "a: text"), (SystemExit(3), "SystemExit: 3"),
        (SyntaxError("text"), "SyntaxError: text"),
        (SyntaxError("text", (__file__, 3, 1, "")), "SyntaxError: text"),
    ],
)  # fmt: skip
def test_an_exception_is_one_line_that_can_be_sent(error: BaseException, line: str) -> None:
    assert format_exception_line(error) == line


ODD_TEXT = """
class Text(str):
    def encode(self, *_): raise LookupError
    strip = encode
class Odd(Exception):
    def __str__(self): return Text("text")
"""
ODD_NAME = """
class Meta(type):
    @property
    def __name__(cls): raise LookupError
class Odd(Exception, metaclass=Meta):
    def __str__(self): return "text"
"""


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("class Odd(Exception):\n    def __str__(self): return self.absent", ""),
        ("class Odd(BaseException):\n    def __str__(self): raise SystemExit", ""),
        ("class Odd(Exception):\n    def __str__(self): raise self", ""),
        ("class Odd(Exception):\n    def __str__(self): return str(self)", ""),
        ("class Odd(Exception):\n    def __str__(self): return 1", ""),
        ("class Odd(SyntaxError):\n    filename, lineno, msg = __file__, 1, 1", ""),
        (ODD_TEXT, ": text"),
        (ODD_NAME, ": text"),
    ],
)
def test_a_broken_exception_is_a_model_error_like_any_other(
    tmp_path: Path, definition: str, text: str
) -> None:
    source = f"def init(): raise Odd()\n{RUN}{definition}\n"
    file = write_module(tmp_path, source, "fraud")
    with pytest.raises(ModelError) as error:
        call_user_code(file, "init()", load_module(file).init)
    assert error.value.reason in ("init() failed at fraud.py, line 1: Odd", "fraud.py, line 1: Odd")
    assert str(error.value) == f"{error.value.reason}{text}"
    assert type_name(error.value.__cause__) == "Odd"


def test_an_exception_without_a_traceback_that_can_be_read_has_the_place_of_its_module(
    tmp_path: Path,
) -> None:
    source = f"""
class Odd(Exception):
    __traceback__ = property(lambda self: 1 / 0, lambda self, value: None)
def init(): raise Odd
{RUN}
"""
    file = write_module(tmp_path, source, "fraud")
    with pytest.raises(ModelError, match=r"^init\(\) failed at fraud\.py: Odd$"):
        call_user_code(file, "init()", load_module(file).init)
