"""Downloads from web servers (redirects, proxies, TLS), s3 and gs, and their errors."""

import gzip
import io
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from app.errors import FetchError, TransientError
from app.fetch.download import DownloadSink, name_of
from tests.fetch.sites import MODEL, STORE_HEADERS, Response, Site, fetch, fetch_error, serve_site

OBJECT = Response(body=MODEL, headers=STORE_HEADERS)
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serve_site(context) as site:
        yield site


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


def test_a_redirect_keeps_its_query(web: Site, target: Path) -> None:
    web.add("/signed?key=a%2Fb%3D&x=%20", MODEL)
    uri = web.add("/fraud.py", Response(302, headers={"Location": "/signed?key=a%2Fb%3D&x=%20"}))
    assert fetch(uri, MODEL, target) == {"fraud.py": MODEL}


def test_credentials_are_sent_to_their_own_host_only(web: Site, target: Path) -> None:
    with serve_site() as other:
        other.add("/fraud.py", MODEL)
        web.add("/there", Response(302, headers={"Location": f"{other.url}/fraud.py"}))
        web.add("/fraud.py", Response(302, headers={"Location": "/there"}))
        fetch(f"{web.url}/fraud.py".replace("//", "//user:hush@"), MODEL, target)
        assert [headers["Authorization"] for _, headers in web.requests] == [
            "Basic dXNlcjpodXNo"
        ] * 2
        assert [headers["Authorization"] for _, headers in other.requests] == [None]


def test_an_endless_redirect_is_rejected(web: Site, target: Path) -> None:
    uri = web.add("/fraud.py", Response(302, headers={"Location": "/fraud.py"}))
    assert "the server answered 302 Found: check MODEL_URI" in fetch_error(uri, MODEL, target)


def test_a_redirect_to_a_local_file_is_rejected(web: Site, target: Path) -> None:
    uri = web.add("/fraud.py", Response(302, headers={"Location": "file:///etc/passwd"}))
    assert "the server answered 302" in fetch_error(uri, MODEL, target)


def test_a_body_of_unknown_length_is_downloaded(web: Site, target: Path) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (MODEL[:7], MODEL[7:], b""))
    headers = {"Transfer-Encoding": "chunked"}
    uri = web.add("/fraud.py", Response(body=chunks, omit_length=True, headers=headers))
    assert fetch(uri, MODEL, target) == {"fraud.py": MODEL}


def test_a_content_encoding_is_not_decoded(web: Site, target: Path) -> None:
    packed = gzip.compress(MODEL)
    uri = web.add("/fraud.gz", Response(body=packed, headers={"Content-Encoding": "gzip"}))
    assert fetch(uri, packed, target) == {"fraud.gz": packed}


def test_spaces_and_unicode_in_a_uri_are_encoded(web: Site, target: Path) -> None:
    web.add("/gro%C3%9F%20%2B/fraud.py?q=%C3%A9", MODEL)
    assert fetch(f"{web.url}/groß %2B/fraud.py?q=é", MODEL, target)


@pytest.mark.parametrize("uri", ["http://", "http://[/x", "http://h:port/x", f"http://{'h' * 64}/"])
def test_a_uri_without_a_valid_host_is_rejected(target: Path, uri: str) -> None:
    assert "has no valid host" in fetch_error(uri, MODEL, target, FETCH_RETRIES="5")


def test_an_untrusted_certificate_is_rejected_without_a_retry(secure: Site, target: Path) -> None:
    line = fetch_error(secure.add("/fraud.py", MODEL), MODEL, target, FETCH_RETRIES="5")
    assert "certificate is not trusted: set SSL_CERT_FILE" in line


def test_a_private_authority_can_be_trusted(secure: Site, target: Path, trusted: str) -> None:
    uri = secure.add("/fraud.py", MODEL)
    assert fetch(uri, MODEL, target, SSL_CERT_FILE=trusted) == {"fraud.py": MODEL}


@pytest.mark.parametrize("uri", ["http://models.test/bucket/fraud.py", "s3://bucket/fraud.py"])
def test_a_proxy_is_used(web: Site, target: Path, uri: str) -> None:
    web.add("http://models.test/bucket/fraud.py", OBJECT)
    more = {"http_proxy": web.url, "AWS_ENDPOINT_URL": "http://models.test", **KEYS}
    assert fetch(uri, MODEL, target, **more) == {"fraud.py": MODEL}


@pytest.mark.parametrize("uri", ["https://models.test/bucket/fraud.py", "s3://bucket/fraud.py"])
def test_a_proxy_opens_a_tunnel_for_tls(web: Site, target: Path, uri: str) -> None:
    more = {"HTTPS_PROXY": web.url, "AWS_ENDPOINT_URL": "https://models.test", **KEYS}
    fetch_error(uri, MODEL, target, **more)
    assert [path for path, _ in web.requests] == ["models.test:443"]


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_no_proxy_is_respected(web: Site, target: Path, scheme: str) -> None:
    uri = web.add("/bucket/fraud.py", OBJECT)
    uri = uri if scheme == "http" else "s3://bucket/fraud.py"
    more = {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "localhost,127.0.0.1"}
    assert fetch(uri, MODEL, target, AWS_ENDPOINT_URL=web.url, **more, **KEYS)


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_a_server_that_stops_sending_is_a_timeout(web: Site, target: Path, scheme: str) -> None:
    uri = web.add(
        "/bucket/x.py", Response(body=b"x", content_length=9, headers=STORE_HEADERS, hangs=True)
    )
    uri = uri if scheme == "http" else "s3://bucket/x.py"
    more = {"FETCH_TIMEOUT": "1", "AWS_ENDPOINT_URL": web.url, **KEYS}
    assert "(attempts: 1)" in fetch_error(uri, MODEL, target, **more)


def test_an_object_in_s3_is_fetched_with_a_signature(web: Site, target: Path) -> None:
    web.add("/bucket/v%201/m%2520%C3%A9.py", OBJECT)
    more = {"AWS_ENDPOINT_URL": web.url, **KEYS}
    assert fetch("s3://bucket/v 1/m%20é.py", MODEL, target, **more) == {"m%20é.py": MODEL}
    assert web.requests[0][1]["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")


def test_an_object_in_gs_is_fetched_with_a_token(web: Site, target: Path) -> None:
    web.add("/bucket/v1%2Ffraud%2Epy", OBJECT)
    more = {"GOOGLE_BASE_URL": web.url, "GOOGLE_BEARER_TOKEN": "hush"}
    assert fetch("gs://bucket/v1/fraud.py", MODEL, target, **more) == {"fraud.py": MODEL}
    assert web.requests[0][1]["Authorization"] == "Bearer hush"


def test_s3_over_tls_trusts_a_private_authority(secure: Site, target: Path, trusted: str) -> None:
    secure.add("/bucket/fraud.py", OBJECT)
    more = {"AWS_ENDPOINT_URL": secure.url, **KEYS}
    line = fetch_error("s3://bucket/fraud.py", MODEL, target, FETCH_RETRIES="5", **more)
    assert "certificate is not trusted: set SSL_CERT_FILE" in line
    assert fetch("s3://bucket/fraud.py", MODEL, target, SSL_CERT_FILE=trusted, **more)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "NoSuchBucket", "404 NoSuchBucket: there is no such file, check MODEL_URI"),
        (403, "SignatureDoesNotMatch", "403 SignatureDoesNotMatch: check the credentials"),
        (401, "", "401 Unauthorized: give credentials"),
        (400, "InvalidBucketName", "400 InvalidBucketName: check MODEL_URI"),
    ],
)
def test_a_4xx_response_of_s3_is_not_retried(
    web: Site, target: Path, status: int, code: str, message: str
) -> None:
    body = f"<Error><Code>{code}</Code><Secret>x</Secret></Error>".encode()
    web.add("/bucket/x", Response(status, body))
    more = {"AWS_ENDPOINT_URL": web.url, "FETCH_RETRIES": "5", **KEYS}
    line = fetch_error("s3://bucket/x", MODEL, target, **more)
    assert line.startswith(f"Cannot fetch the model s3://bucket/x: the server answered {message}")
    assert len(web.requests) == 1


def test_temporary_errors_of_s3_are_retried(web: Site, target: Path) -> None:
    incomplete = Response(body=MODEL[:5], content_length=len(MODEL), headers=STORE_HEADERS)
    web.add("/bucket/x.py", Response(503), incomplete, Response(429), OBJECT)
    more = {"AWS_ENDPOINT_URL": web.url, "FETCH_RETRIES": "3", **KEYS}
    assert fetch("s3://bucket/x.py", MODEL, target, **more) == {"x.py": MODEL}


def test_an_unreachable_endpoint_is_one_line(target: Path) -> None:
    more = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", **KEYS}
    line = fetch_error("s3://bucket/x.py", MODEL, target, **more)
    assert line.endswith("s3://bucket/x.py: Connection refused (attempts: 1)")


@pytest.mark.parametrize("name", ["a//b", "a/../b"])
def test_an_invalid_object_name_is_rejected(target: Path, name: str) -> None:
    assert "not a valid name in a bucket" in fetch_error(f"s3://bucket/{name}", MODEL, target)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://host/a/model%20v1.tar.gz?x=/y#/z", "model v1.tar.gz"),
        ("https://host/a%2Fb.py", "b.py"),
        ("https://host/folder/", ""),
        ("https://host", ""),
        ("s3://bucket/a/b?c#d%20.py", "b?c#d%20.py"),
        ("file:///a/b%20c.py", "b c.py"),
        ("/a/b%20c.py", "b%20c.py"),
    ],
)
def test_the_file_name_is_the_last_segment_of_the_uri(uri: str, name: str) -> None:
    assert name_of(uri) == name


def test_progress_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    download = DownloadSink(io.BytesIO(), limit=10**7, report_seconds=0)
    download.expect(2_000_000)
    download.write(bytes(500_000))
    download.write(bytes(1_500_000))
    download.finish()
    assert caplog.messages == ["0.5 of 2.0 MB", "2.0 of 2.0 MB"]


def test_a_download_that_is_too_short_or_too_long_is_an_error() -> None:
    download = DownloadSink(io.BytesIO(), limit=10)
    download.expect(10)
    download.write(b"12345")
    with pytest.raises(TransientError, match="only 5 of 10 bytes arrived"):
        download.finish()
    with pytest.raises(FetchError, match="the limit of FETCH_MAX_BYTES"):
        download.write(b"123456")


def test_a_full_volume_is_an_error() -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - unbuffered
        download = DownloadSink(full, limit=10)
        with pytest.raises(FetchError, match="cannot write to MODEL_TARGET: No space left"):
            download.write(b"x")
