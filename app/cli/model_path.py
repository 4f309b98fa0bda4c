"""The model that a command's argument names."""

from pathlib import Path

from app.config.settings import Settings


def locate(model: Path, default: str = Settings.TRAINED_MODEL_MODULE_NAME) -> tuple[Path, str]:
    """Return the folder of a model and the name of its module; empty: the only one there.

    Args:
        model: a module, or a folder with one.
        default: the name of the module that a folder with several may hold.

    """
    if not model.is_dir():
        return model.parent, model.name
    name = default.removesuffix(".py")
    return model, name if (model / f"{name}.py").is_file() else ""
