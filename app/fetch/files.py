"""Write the model's files from JSON: `python -m app.fetch.files FILE FOLDER` in an init container.

The chart puts the files of its value `model` into an annotation of the pod, which the downward API
shows as FILE. It has the form of a ConfigMap: `data` maps file names to texts, `binaryData` maps
them to base64.
"""

import base64
import json
import sys
from pathlib import Path


def write_files(source: Path, folder: Path) -> list[str]:
    """Write the files that `source` contains into `folder`; return their names.

    Raises:
        OSError: `source` cannot be read, or `folder` cannot be written to.
        ValueError: `source` is not JSON of that form, or a name is a path.

    """
    content = json.loads(source.read_bytes())
    files = {name: text.encode() for name, text in content["data"].items()}
    for name, text in content["binaryData"].items():
        files[name] = base64.b64decode(text, validate=True)
    for name, data in files.items():
        if Path(name).name != name:
            raise ValueError(f"{name!r} is not a file name")
        (folder / name).write_bytes(data)
    return sorted(files)


def main() -> None:
    """Write the files that the arguments name; exit with 1 and one line if that fails."""
    source, folder = map(Path, sys.argv[1:])
    try:
        names = write_files(source, folder)
    except (OSError, ValueError) as error:
        sys.exit(f"Cannot write the model files: {error}")
    sys.stdout.write(f"Wrote {', '.join(names)} to {folder}\n")


if __name__ == "__main__":
    main()
