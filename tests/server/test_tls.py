"""TLS, by gunicorn's options certfile and keyfile."""

from pathlib import Path

import requests
import trustme

from tests.helpers import PREDICT, eventually, serving, write_module


def test_predictions_and_probes_work_over_tls(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return row\n")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    options = f"--certfile {tmp_path}/cert.pem --keyfile {tmp_path}/key.pem"
    with serving(tmp_path, wait=False, GUNICORN_CMD_ARGS=options) as server:
        with requests.Session() as session:
            session.trust_env = False  # its bundle of certificates would win
            session.verify = str(tmp_path / "ca.pem")
            url = f"https://127.0.0.1:{server.port}"
            eventually(lambda: session.get(f"{url}/api/readiness").status_code == 200)
            for row in ({"a": 1}, {"a": "x" * 500_000}):
                assert session.post(url + PREDICT, json=row).json() == row
        assert server.terminate() == 0
        assert "ERROR" not in server.log
