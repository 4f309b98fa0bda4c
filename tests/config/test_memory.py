from pathlib import Path

from app.config.memory import ContainerMemory, read_container_memory


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return folder


def test_version_2(tmp_path: Path) -> None:
    events = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"
    files = {"memory.events": events, "memory.max": "209715200\n"}
    assert read_container_memory(write(tmp_path, files)) == ContainerMemory(2, 200 * 2**20)


def test_version_2_without_a_limit(tmp_path: Path) -> None:
    files = {"memory.events": "oom_kill 0\n", "memory.max": "max\n"}
    assert read_container_memory(write(tmp_path, files)) == ContainerMemory(0, None)


def test_version_1(tmp_path: Path) -> None:
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"
    files = {"memory/memory.oom_control": control, "memory/memory.limit_in_bytes": "104857600\n"}
    assert read_container_memory(write(tmp_path, files)) == ContainerMemory(5, 100 * 2**20)


def test_version_1_without_a_limit(tmp_path: Path) -> None:
    files = {
        "memory/memory.oom_control": "oom_kill 0\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    assert read_container_memory(write(tmp_path, files)) == ContainerMemory(0, None)


def test_no_cgroup(tmp_path: Path) -> None:
    assert read_container_memory(tmp_path) == ContainerMemory(0, None)
