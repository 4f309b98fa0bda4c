"""Parses one environment variable's value by its type and bounds."""

import re
from pathlib import PurePosixPath

from app.errors import SettingError
from app.text import truncate

_BOOLEANS = {
    "true": True, "1": True, "yes": True, "on": True,
    "false": False, "0": False, "no": False, "off": False,
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?")
# A part of a URL's path, unescaped (RFC 3986, 3.3); no proxy passes on "." or "..".
_SEGMENT = r"(?!\.\.?(/|$))[\w.~!$&'()*+,;=:@-]+"
_PATH = re.compile(rf"(/?{_SEGMENT}(/{_SEGMENT})*)?/?", re.ASCII)
# As prefixes these would hide paths of the service.
_OWN_PATH = re.compile(r"api(/model)?|v[12](/.*)?|invocations|ping|health|version|metrics")
_PATH_RULE = "a path such as /fraud, none of the service's own, without a space, ?, #, % or //"
_IMPORT_NAMES = re.compile(r"(scikit-learn|\w+(\.\w+)+)?")
# A line of sha256sum(1): the file's name comes after two characters.
_DIGEST = re.compile(r"(?P<digest>[0-9a-fA-F]{64})( [ *](?P<name>.+))?")
_MODEL_NAME = re.compile(r"[^\x00-\x1f\x7f/?#%:\\]{0,100}")  # a part of paths
_PROTOCOLS = ("v1", "v2", "invocations")
_MAX_SHOWN = 100


def parse_text(name: str, text: str, choices: tuple[str, ...] = ()) -> str:
    """Return the text without the space around it, or the choice that it is in any case.

    Raises:
        SettingError: it is none of the choices.

    """
    value = text.strip()
    if not choices:
        return value
    for choice in choices:
        if choice.lower() == value.lower():
            return choice
    raise _error(name, text, "one of " + ", ".join(choices))


def parse_boolean(name: str, text: str) -> bool:
    """Return the boolean that the text stands for, in any case.

    Raises:
        SettingError: it stands for none.

    """
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise _error(name, text, "true or false (or 1/0, yes/no, on/off)")
    return value


def parse_integer(name: str, text: str, minimum: float, maximum: float) -> int:
    """Return the whole number within the bounds.

    Raises:
        SettingError: it is not a whole number, or out of bounds.

    """
    value = text.strip()
    if not _INTEGER.fullmatch(value) or not minimum <= int(value) <= maximum:
        raise _error(name, text, f"a whole number from {minimum} to {maximum}")
    return int(value)


def parse_number(name: str, text: str, minimum: float, maximum: float) -> float:
    """Return the number within the bounds.

    Raises:
        SettingError: it is not a number, or out of bounds.

    """
    value = text.strip()
    if not _NUMBER.fullmatch(value) or not minimum <= float(value) <= maximum:
        raise _error(name, text, f"a number from {minimum} to {maximum}")
    return float(value)


def parse_path(name: str, text: str) -> str:
    """Return the path prefix without the space around it.

    Raises:
        SettingError: it is not the path of a URL, or one of the service's own.

    """
    value = text.strip()
    if not _PATH.fullmatch(value) or _OWN_PATH.fullmatch(value.strip("/")):
        raise _error(name, text, _PATH_RULE)
    return value


def parse_model_name(name: str, text: str) -> str:
    """Return the name of a model without the space around it.

    Raises:
        SettingError: it cannot be a part of a path.

    """
    value = text.strip()
    if not _MODEL_NAME.fullmatch(value) or value in (".", ".."):
        raise _error(name, text, "a name of up to 100 characters, none of them one of / ? # % : \\")
    return value


def parse_protocols(name: str, text: str) -> str:
    """Return names of protocols, comma-separated, without space between them.

    Raises:
        SettingError: one is unknown.

    """
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    if not set(names) <= set(_PROTOCOLS):
        raise _error(name, text, f"some of {', '.join(_PROTOCOLS)}, comma-separated, or nothing")
    return ",".join(dict.fromkeys(names))


def parse_import_names(name: str, text: str) -> str:
    """Return names that pickles may import, comma-separated, without space between them.

    Raises:
        SettingError: one is neither `module.name` nor `scikit-learn`.

    """
    names = [part.strip() for part in text.split(",")]
    if not all(map(_IMPORT_NAMES.fullmatch, names)):
        raise _error(name, text, "names such as fraud.Cleaner, comma-separated, or scikit-learn")
    return ",".join(filter(None, names))


def parse_digests(name: str, text: str) -> str:
    """Return the lines of sha256sum(1), which commas may separate, in one form.

    Raises:
        SettingError: a line is not a checksum and a file's name; one alone needs no name.

    """
    lines = [line.strip() for line in re.split("[\n,]", text) if line.strip()]
    matches = [_DIGEST.fullmatch(line) for line in lines]
    if not all(match and (match["name"] or len(lines) == 1) for match in matches):
        raise _error(name, text, "what sha256sum prints for the files, or one checksum")
    return "\n".join(
        f"{match['digest'].lower()}  {PurePosixPath(match['name'] or '')}"
        for match in matches
        if match
    )


def _error(name: str, text: str, expected: str) -> SettingError:
    return SettingError(f"{name}={truncate(text, _MAX_SHOWN)!r}: expected {expected}")
