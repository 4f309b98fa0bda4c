"""The fetch from end to end: a real process, a real web server, a real folder."""

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetch.sites import (
    MODEL,
    Answer,
    Site,
    environment,
    fetched,
    files_in,
    refused,
    run,
    site,
    start,
    tar_of,
    zip_of,
)

FILES = {"fraud.py": MODEL, "data/größe.json": b"{}"}


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as it:
        yield it


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_a_single_file_keeps_its_name(web: Site, target: Path) -> None:
    uri = web.puts("/models/my%20fraud.py?version=2", MODEL)
    assert fetched(uri, MODEL, target) == {"my fraud.py": MODEL}
    assert (target / "my fraud.py").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("archive", [tar_of(FILES), zip_of(FILES)], ids=["tar.gz", "zip"])
@pytest.mark.parametrize("path", ["/model.tar.gz", "/model.zip", "/latest", "/"])
def test_an_archive_is_unpacked_whatever_its_name(
    web: Site, target: Path, archive: bytes, path: str
) -> None:
    assert fetched(web.puts(path, archive), archive, target) == FILES
    assert (target / "data").stat().st_mode & 0o777 == 0o755


def test_a_top_folder_in_the_archive_stays(web: Site, target: Path) -> None:
    archive = tar_of({"model/fraud.py": MODEL})
    uri = web.puts("/model.tgz", archive)
    assert fetched(uri, archive, target) == {"model/fraud.py": MODEL}


def test_the_log_says_what_came_and_how_long_it_took(web: Site, target: Path) -> None:
    outcome = run(environment(web.puts("/fraud.py", MODEL), MODEL, target))
    first, last = outcome.log.splitlines()
    assert first == f"fetching {web.url}/fraud.py"
    assert last.startswith(f"fetched {len(MODEL)} bytes, 1 file(s) in {target}, ")


def test_the_sha256_may_be_in_upper_case(web: Site, target: Path) -> None:
    digest = hashlib.sha256(MODEL).hexdigest().upper()
    assert fetched(web.puts("/fraud.py", MODEL), MODEL, target, MODEL_SHA256=digest)


def test_another_sha256_leaves_nothing_and_is_not_retried(web: Site, target: Path) -> None:
    archive = tar_of(FILES)
    uri = web.puts("/model.tar.gz", archive)
    line = refused(uri, b"another", target, FETCH_RETRIES="5")
    assert f"its sha256 is {hashlib.sha256(archive).hexdigest()}, MODEL_SHA256 is" in line
    assert len(web.seen) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [(404, "404 Not Found: there is no such file, check MODEL_URI"), (403, "403"), (401, "401")],
)
def test_a_refusal_is_final(web: Site, target: Path, status: int, says: str) -> None:
    line = refused(web.puts("/x.tar", Answer(status)), b"", target, FETCH_RETRIES="5")
    assert line.startswith(f"Cannot fetch the model {web.url}/x.tar: the server answered {says}")
    assert len(web.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(web: Site, target: Path, status: int) -> None:
    uri = web.puts("/fraud.py", Answer(status), Answer(status), Answer(body=MODEL))
    outcome = run(environment(uri, MODEL, target, FETCH_RETRIES="2"))
    assert outcome.files == {"fraud.py": MODEL}
    assert f"the server answered {status}" in outcome.log
    assert "retry 2 of 2" in outcome.log


def test_a_cut_download_is_tried_again(web: Site, target: Path) -> None:
    cut = Answer(body=MODEL[:5], states=len(MODEL))
    uri = web.puts("/fraud.py", cut, Answer(body=MODEL))
    assert fetched(uri, MODEL, target, FETCH_RETRIES="1") == {"fraud.py": MODEL}


def test_a_download_cut_every_time_leaves_nothing(web: Site, target: Path) -> None:
    uri = web.puts("/fraud.py", Answer(body=MODEL[:5], states=1000))
    line = refused(uri, MODEL, target, FETCH_RETRIES="1")
    assert line.endswith("only 5 of 1000 bytes came (attempts: 2)")


def test_no_server_there_is_tried_again(target: Path) -> None:
    line = refused("http://127.0.0.1:9/x", MODEL, target, FETCH_RETRIES="2")
    assert line.endswith("/x: Connection refused (attempts: 3)")


def test_a_bad_archive_leaves_nothing(web: Site, target: Path) -> None:
    archive = tar_of({"fraud.py": MODEL, "../evil": b""})
    line = refused(web.puts("/model.tar.gz", archive), archive, target)
    assert line.endswith("model.tar.gz: entry '../evil' leads out of the folder")
    assert files_in(target.parent) == {}


def test_what_is_no_archive_is_not_taken_for_one(web: Site, target: Path) -> None:
    page = b"<html>Log in, please</html>"
    assert "named like an archive" in refused(web.puts("/model.tar.gz", page), page, target)


@pytest.mark.parametrize("size", [len(MODEL), None])
def test_the_size_of_the_download_is_limited(web: Site, target: Path, size: int | None) -> None:
    answer = Answer(body=MODEL, lengthless=size is None, headers={"Connection": "close"})
    line = refused(web.puts("/fraud.py", answer), MODEL, target, FETCH_MAX_BYTES="10")
    assert line.endswith("it has more than 10 bytes: FETCH_MAX_BYTES is the limit")


@pytest.mark.parametrize("name", ["", ".hidden.py", "a%0Ab.py", "%2e%2e", "a%5Cb.py", "%C2%85"])
def test_a_single_file_needs_a_sane_name(web: Site, target: Path, name: str) -> None:
    line = refused(web.puts(f"/{name}", MODEL), MODEL, target)
    assert "the URI ends in no usable file name" in line


def test_leftovers_go_and_old_content_is_replaced(web: Site, target: Path) -> None:
    (target / ".fetch-abc" / "content").mkdir(parents=True)
    (target / ".fetch-abc" / "download").write_bytes(b"half")
    (target / "data").mkdir()
    (target / "data" / "old.json").write_bytes(b"old")
    (target / "fraud.py").write_bytes(b"old")
    (target / "lost+found").write_bytes(b"not ours")
    archive = tar_of(FILES)
    now = fetched(web.puts("/model.tar.gz", archive), archive, target)
    assert now == {**FILES, "lost+found": b"not ours"}


@pytest.mark.parametrize("prefix", ["file://", ""])
def test_a_file_on_a_volume_is_fetched(tmp_path: Path, target: Path, prefix: str) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(tar_of(FILES))
    assert fetched(f"{prefix}{archive}", archive.read_bytes(), target) == FILES


def test_a_missing_file_on_a_volume_is_told(target: Path) -> None:
    line = refused("/mnt/nowhere/model.tar", b"", target)
    assert line == (
        "Cannot fetch the model /mnt/nowhere/model.tar: No such file or directory: "
        "check MODEL_URI and the mounted volume"
    )


def test_credentials_are_used_and_never_shown(web: Site, target: Path) -> None:
    web.puts("/fraud.py?token=hush", Answer(500), Answer(body=MODEL))
    uri = f"{web.url}/fraud.py?token=hush#hush".replace("//", "//user:h%75sh@")
    for retries in ("0", "1"):
        outcome = run(environment(uri, MODEL, target, FETCH_RETRIES=retries))
        assert "hush" not in outcome.log + outcome.error
        assert f"fetching {web.url}/fraud.py\n" in outcome.log
    assert outcome.code == 0
    assert web.seen[0][1]["Authorization"] == "Basic dXNlcjpodXNo"


def test_a_password_that_was_not_encoded_is_not_shown(target: Path) -> None:
    assert "hush" not in refused("http://user:/hush@127.0.0.1/x", b"", target)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"MODEL_URI": ""}, "MODEL_URI is not set"),
        ({"MODEL_URI": "ftp://host/x"}, "MODEL_URI begins with none of"),
        ({"MODEL_URI": "model.tar"}, "MODEL_URI begins with none of"),
        ({"MODEL_URI": "http:///x"}, "has no valid host"),
        ({"MODEL_URI": "s3://bucket"}, "MODEL_URI names no object"),
        ({"MODEL_SHA256": " "}, "MODEL_SHA256 is not set: give the 64 hex digits"),
        ({"MODEL_SHA256": "abc"}, "MODEL_SHA256 is 'abc': give the 64 hex digits"),
        ({"FETCH_RETRIES": "-1"}, "FETCH_RETRIES='-1': expected a whole number from 0 to 100"),
        ({"FETCH_TIMEOUT": "0"}, "FETCH_TIMEOUT='0': expected a whole number from 1 to 3600"),
        ({"FETCH_MAX_BYTES": "4Gi"}, "FETCH_MAX_BYTES='4Gi': expected a whole number"),
        ({"MODEL_TARGET": "/dev/null/models"}, "Not a directory: /dev/null/models"),
    ],
)
def test_a_wrong_setting_is_named(target: Path, changes: dict[str, str], says: str) -> None:
    outcome = run(environment("/dev/null", b"", target) | changes)
    assert outcome.code == 1
    assert says in outcome.error


def test_the_termination_message_is_the_line(tmp_path: Path, target: Path) -> None:
    message = tmp_path / "termination-log"
    message.write_text("something longer than the line" * 100)
    assert refused("/nowhere", b"", target) == message.read_text()


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_sigterm_ends_it_at_once_and_cleans_up(web: Site, target: Path, scheme: str) -> None:
    web.puts("/bucket/x.py", Answer(body=MODEL, states=10_000, hangs=True))
    uri = {"http": f"{web.url}/bucket/x.py", "s3": "s3://bucket/x.py"}[scheme]
    more = {"AWS_ENDPOINT_URL": web.url, "AWS_SKIP_SIGNATURE": "true"}
    with start(environment(uri, MODEL, target, **more)) as process:
        assert web.asked.wait(30)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=10)
    assert process.returncode == 1
    assert error == "Fetch stopped by SIGTERM\n"
    assert list(target.iterdir()) == []
