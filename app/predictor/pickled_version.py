"""Finds the version of scikit-learn in a pickle, without unpickling.

The search is bounded in memory and time, whatever the file holds. A file that cannot be searched
has no version, and is no reason not to load the model.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from app.predictor.pickle_content import read_chunks

# "_sklearn_version" and its value, as pickle's protocols 2 to 5 write two short strings in a row:
# a string is X and four bytes, or \x8c and one byte, of length; between them it may be memoized.
_VERSION_PATTERN = re.compile(
    rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c(.)|X(.{4}))([0-9][0-9A-Za-z.+!-]{0,30})", re.DOTALL
)
_MAX_PATTERN_LENGTH = 64
# Of a file: the first estimator's version comes early in a pickle.
_MAX_COMPRESSED = 32 * 2**20
_MAX_SEARCHED = 256 * 2**20


def sklearn_version_of_pickle(file: Path) -> str | None:
    """Return the version of scikit-learn that wrote a pickle or joblib file, if it did."""
    with contextlib.suppress(Exception):  # not a pickle, or not readable
        if file.is_file():  # opening a pipe would wait for its writer
            with file.open("rb") as stream:
                return _search(read_chunks(stream, _MAX_COMPRESSED))
    return None


def _search(chunks: Iterator[bytes]) -> str | None:
    """Search chunk by chunk, each with the end of the previous one."""
    end, searched = b"", 0
    for chunk in chunks:
        if found := _VERSION_PATTERN.search(end + chunk):
            length = int.from_bytes(found[1] or found[2], "little")
            return found[3][:length].decode()
        end = (end + chunk)[-_MAX_PATTERN_LENGTH:]
        searched += len(chunk)
        if searched >= _MAX_SEARCHED:
            break
    return None
