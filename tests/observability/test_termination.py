from pathlib import Path

from app.observability.termination import write_termination_message


def test_the_message_replaces_an_older_one(tmp_path: Path) -> None:
    file = tmp_path / "termination-log"
    file.write_text("an older and longer message")
    write_termination_message("Model failed to load: é", file)
    assert file.read_text(encoding="utf-8") == "Model failed to load: é"


def test_without_the_file_of_kubernetes_none_is_created(tmp_path: Path) -> None:
    write_termination_message("line", tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []
