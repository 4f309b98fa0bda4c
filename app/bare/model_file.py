"""Finds the model file in a model folder that has no module."""

from dataclasses import dataclass
from pathlib import Path

from app.bare.mlmodel import MLMODEL, NO_SIGNATURE, Signature, read_mlmodel
from app.errors import ModelError
from app.text import truncate

_MAX_SHOWN = 300

# The formats of a file by the end of its name, and how its content starts. A name such as
# fraud.json is that of other files too.
_FORMATS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".joblib": ("joblib", (b"",)),
    ".pkl": ("joblib", (b"",)),
    ".pickle": ("joblib", (b"",)),
    ".skops": ("skops", (b"",)),
    ".onnx": ("onnx", (b"",)),
    ".json": ("xgboost", (b'{"learner"', b'{"version"')),
    ".ubj": ("xgboost", (b"{",)),
    ".txt": ("lightgbm", (b"tree\n",)),
    ".cbm": ("catboost", (b"CBM1",)),
}
SUFFIXES = tuple(_FORMATS)


@dataclass(frozen=True)
class ModelFile:
    """A model file that is served without a module.

    Attributes:
        path: the file, or the `MLmodel` that describes it; names the model.
        data: the file with the fitted object.
        format: joblib (and pickle), skops, onnx, xgboost, lightgbm or catboost.
        signature: what an `MLmodel` says of its input.

    """

    path: Path
    data: Path
    format: str
    signature: Signature = NO_SIGNATURE

    @property
    def name(self) -> str:
        """The model's name."""
        return name_of(self.path)

    @property
    def sample(self) -> Path:
        """The file beside it that may have an example of its parameters."""
        return self.path.with_name(f"{self.path.stem}.sample.json")


def name_of(file: Path) -> str:
    """Return the name of a model by its file: for an `MLmodel`, that of the folder."""
    return file.parent.name if file.name == MLMODEL else file.stem


def find_model_file(folder: Path, name: str) -> ModelFile | None:
    """Return the model file that is served without a module.

    Args:
        folder: the model folder.
        name: TRAINED_MODEL_MODULE_NAME, which chooses where there are several.

    Returns:
        None where the folder holds a module, or no model file.

    Raises:
        ModelError: there are several model files, or an `MLmodel` cannot be used.

    """
    if (path := folder / name) != folder and (named := _model_file(path)):
        return named
    if path.suffix in SUFFIXES or any(folder.glob("*.py")):  # the file that is named is missing
        return None
    if (folder / MLMODEL).is_file():
        return _of_mlmodel(folder / MLMODEL)
    paths = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    found = [file for path in paths if (file := _model_file(path))]
    if len(found) > 1:
        found = [file for file in found if file.name == name] or found
    if len(found) > 1:
        listing = truncate(", ".join(file.path.name for file in found), _MAX_SHOWN)
        raise ModelError(
            f"The model folder holds no module but several model files, {listing}: set "
            "TRAINED_MODEL_MODULE_NAME to the name of one, or write a module that uses them"
        )
    return found[0] if found else None


def _model_file(path: Path) -> ModelFile | None:
    """Return the model that a path is; None where it is none."""
    if path.is_dir():
        return _of_mlmodel(path / MLMODEL) if (path / MLMODEL).is_file() else None
    if not path.is_file():
        return None
    if path.name == MLMODEL:
        return _of_mlmodel(path)
    format_, starts = _FORMATS.get(path.suffix, ("", ()))
    with path.open("rb") as stream:
        content = stream.read(100)
    return ModelFile(path, path, format_) if content.startswith(starts) else None


def _of_mlmodel(path: Path) -> ModelFile:
    data, flavor, signature = read_mlmodel(path)
    if not data.resolve().is_relative_to(path.parent.resolve()):
        raise ModelError(f"{path.name} names a file beyond its folder: save the model again")
    if not data.is_file():
        raise ModelError(f"{path.name} names {data.name}, which is not there: add the file")
    format_, _ = _FORMATS.get(data.suffix, (flavor, ()))
    return ModelFile(path, data, format_, signature)
