"""The fetch from end to end: as a process, from a web server, into a folder."""

import hashlib
import signal
from pathlib import Path

import pytest

from tests.fetch.sites import (
    MODEL,
    Response,
    Site,
    environment,
    fetch,
    fetch_error,
    files_in,
    run_fetch,
    start_fetch,
    tar_of,
    zip_of,
)

FILES = {"fraud.py": MODEL, "data/größe.json": b"{}"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_a_single_file_keeps_its_name(web: Site, target: Path) -> None:
    uri = web.add("/models/my%20fraud.py?version=2", MODEL)
    assert fetch(uri, MODEL, target) == {"my fraud.py": MODEL}
    assert (target / "my fraud.py").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("archive", [tar_of(FILES), zip_of(FILES)], ids=["tar.gz", "zip"])
@pytest.mark.parametrize("path", ["/model.tar.gz", "/model.zip", "/latest", "/"])
def test_an_archive_of_any_name_is_unpacked(
    web: Site, target: Path, archive: bytes, path: str
) -> None:
    assert fetch(web.add(path, archive), archive, target) == FILES
    assert (target / "data").stat().st_mode & 0o777 == 0o755


def test_a_top_level_folder_of_the_archive_is_kept(web: Site, target: Path) -> None:
    archive = tar_of({"model/fraud.py": MODEL})
    uri = web.add("/model.tgz", archive)
    assert fetch(uri, archive, target) == {"model/fraud.py": MODEL}


def test_the_log_has_the_size_the_files_and_the_duration(web: Site, target: Path) -> None:
    outcome = run_fetch(environment(web.add("/fraud.py", MODEL), MODEL, target))
    first, last = outcome.log.splitlines()
    assert first == f"fetching {web.url}/fraud.py"
    assert last.startswith(f"fetched {len(MODEL)} bytes, 1 file(s) in {target}, ")


def test_the_sha256_may_be_in_upper_case(web: Site, target: Path) -> None:
    digest = hashlib.sha256(MODEL).hexdigest().upper()
    assert fetch(web.add("/fraud.py", MODEL), MODEL, target, MODEL_SHA256=digest)


def test_a_sha256_mismatch_leaves_no_files_and_is_not_retried(web: Site, target: Path) -> None:
    archive = tar_of(FILES)
    uri = web.add("/model.tar.gz", archive)
    line = fetch_error(uri, b"other content", target, FETCH_RETRIES="5")
    assert f"its sha256 is {hashlib.sha256(archive).hexdigest()}, MODEL_SHA256 is" in line
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "404 Not Found: there is no such file, check MODEL_URI"), (403, "403"), (401, "401")],
)
def test_a_4xx_response_is_not_retried(web: Site, target: Path, status: int, message: str) -> None:
    line = fetch_error(web.add("/x.tar", Response(status)), b"", target, FETCH_RETRIES="5")
    assert line.startswith(f"Cannot fetch the model {web.url}/x.tar: the server answered {message}")
    assert len(web.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_temporary_error_is_retried(web: Site, target: Path, status: int) -> None:
    uri = web.add("/fraud.py", Response(status), Response(status), Response(body=MODEL))
    outcome = run_fetch(environment(uri, MODEL, target, FETCH_RETRIES="2"))
    assert outcome.files == {"fraud.py": MODEL}
    assert f"the server answered {status}" in outcome.log
    assert "retry 2 of 2" in outcome.log


def test_an_incomplete_download_is_retried(web: Site, target: Path) -> None:
    incomplete = Response(body=MODEL[:5], content_length=len(MODEL))
    uri = web.add("/fraud.py", incomplete, Response(body=MODEL))
    assert fetch(uri, MODEL, target, FETCH_RETRIES="1") == {"fraud.py": MODEL}


def test_a_download_that_stays_incomplete_leaves_no_files(web: Site, target: Path) -> None:
    uri = web.add("/fraud.py", Response(body=MODEL[:5], content_length=1000))
    line = fetch_error(uri, MODEL, target, FETCH_RETRIES="1")
    assert line.endswith("only 5 of 1000 bytes arrived (attempts: 2)")


def test_a_refused_connection_is_retried(target: Path) -> None:
    line = fetch_error("http://127.0.0.1:9/x", MODEL, target, FETCH_RETRIES="2")
    assert line.endswith("/x: Connection refused (attempts: 3)")


def test_the_pause_before_a_retry_is_that_of_the_setting(target: Path) -> None:
    environ = environment("http://127.0.0.1:9/x", MODEL, target)
    outcome = run_fetch(environ | {"FETCH_RETRIES": "1", "FETCH_RETRY_SECONDS": "1"})
    assert "Connection refused; retry 1 of 1 in 1 s" in outcome.log


def test_an_invalid_archive_leaves_no_files(web: Site, target: Path) -> None:
    archive = tar_of({"fraud.py": MODEL, "../evil": b""})
    line = fetch_error(web.add("/model.tar.gz", archive), archive, target)
    assert line.endswith("model.tar.gz: entry '../evil' escapes the target directory")
    assert files_in(target.parent) == {}


def test_a_web_page_instead_of_an_archive_is_rejected(web: Site, target: Path) -> None:
    page = b"<html>Log in, please</html>"
    assert "named like an archive" in fetch_error(web.add("/model.tar.gz", page), page, target)


@pytest.mark.parametrize("size", [len(MODEL), None])
def test_the_size_of_a_download_is_limited(web: Site, target: Path, size: int | None) -> None:
    response = Response(body=MODEL, omit_length=size is None, headers={"Connection": "close"})
    line = fetch_error(web.add("/fraud.py", response), MODEL, target, FETCH_MAX_BYTES="10")
    assert line.endswith("it has more than 10 bytes, the limit of FETCH_MAX_BYTES")


@pytest.mark.parametrize("name", ["", ".hidden.py", "a%0Ab.py", "%2e%2e", "a%5Cb.py", "%C2%85"])
def test_a_single_file_needs_a_valid_name(web: Site, target: Path, name: str) -> None:
    line = fetch_error(web.add(f"/{name}", MODEL), MODEL, target)
    assert "the URI does not end in a usable file name" in line


def test_temporary_files_are_removed_and_old_files_are_replaced(web: Site, target: Path) -> None:
    (target / ".fetch-abc" / "content").mkdir(parents=True)
    (target / ".fetch-abc" / "download").write_bytes(b"half")
    (target / "data").mkdir()
    (target / "data" / "old.json").write_bytes(b"old")
    (target / "fraud.py").write_bytes(b"old")
    (target / "lost+found").write_bytes(b"not ours")
    archive = tar_of(FILES)
    files = fetch(web.add("/model.tar.gz", archive), archive, target)
    assert files == {**FILES, "lost+found": b"not ours"}


@pytest.mark.parametrize("prefix", ["file://", ""])
def test_a_file_on_a_volume_is_fetched(tmp_path: Path, target: Path, prefix: str) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(tar_of(FILES))
    assert fetch(f"{prefix}{archive}", archive.read_bytes(), target) == FILES


def test_a_missing_file_on_a_volume_is_one_line(target: Path) -> None:
    line = fetch_error("/mnt/nowhere/model.tar", b"", target)
    assert line == (
        "Cannot fetch the model /mnt/nowhere/model.tar: No such file or directory: "
        "check MODEL_URI and the mounted volume"
    )


def test_credentials_are_used_and_never_logged(web: Site, target: Path) -> None:
    web.add("/fraud.py?token=hush", Response(500), Response(body=MODEL))
    uri = f"{web.url}/fraud.py?token=hush#hush".replace("//", "//user:h%75sh@")
    for retries in ("0", "1"):
        outcome = run_fetch(environment(uri, MODEL, target, FETCH_RETRIES=retries))
        assert "hush" not in outcome.log + outcome.error
        assert f"fetching {web.url}/fraud.py\n" in outcome.log
    assert outcome.code == 0
    assert web.requests[0][1]["Authorization"] == "Basic dXNlcjpodXNo"


def test_a_password_that_is_not_encoded_is_not_logged(target: Path) -> None:
    assert "hush" not in fetch_error("http://user:/hush@127.0.0.1/x", b"", target)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MODEL_URI": ""}, "MODEL_URI is not set"),
        ({"MODEL_URI": "ftp://host/x"}, "MODEL_URI must begin with"),
        ({"MODEL_URI": "model.tar"}, "MODEL_URI must begin with"),
        ({"MODEL_URI": "http:///x"}, "has no valid host"),
        ({"MODEL_URI": "s3://bucket"}, "MODEL_URI does not name an object"),
        ({"MODEL_SHA256": " "}, "MODEL_SHA256 is not set: give the 64 hex digits"),
        ({"MODEL_SHA256": "abc"}, "MODEL_SHA256 is 'abc': give the 64 hex digits"),
        ({"FETCH_RETRIES": "-1"}, "FETCH_RETRIES='-1': expected a whole number from 0 to 100"),
        ({"FETCH_TIMEOUT": "0"}, "FETCH_TIMEOUT='0': expected a whole number from 1 to 3600"),
        ({"FETCH_MAX_BYTES": "4Gi"}, "FETCH_MAX_BYTES='4Gi': expected a whole number"),
        ({"MODEL_TARGET": "/dev/null/models"}, "Not a directory: /dev/null/models"),
    ],
)
def test_an_invalid_setting_is_named(target: Path, changes: dict[str, str], message: str) -> None:
    outcome = run_fetch(environment("/dev/null", b"", target) | changes)
    assert outcome.code == 1
    assert message in outcome.error


def test_the_termination_message_is_the_error_line(tmp_path: Path, target: Path) -> None:
    message = tmp_path / "termination-log"
    message.write_text("something longer than the line" * 100)
    assert fetch_error("/nowhere", b"", target) == message.read_text()


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_sigterm_stops_the_fetch_at_once_and_removes_its_files(
    web: Site, target: Path, scheme: str
) -> None:
    web.add("/bucket/x.py", Response(body=MODEL, content_length=10_000, hangs=True))
    uri = {"http": f"{web.url}/bucket/x.py", "s3": "s3://bucket/x.py"}[scheme]
    more = {"AWS_ENDPOINT_URL": web.url, "AWS_SKIP_SIGNATURE": "true"}
    with start_fetch(environment(uri, MODEL, target, **more)) as process:
        assert web.requested.wait(30)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=10)
    assert process.returncode == 1
    assert error == "Fetch stopped by SIGTERM\n"
    assert list(target.iterdir()) == []
