"""Compare the locked packages with a database of known vulnerabilities: `make audit`.

The exit code is 1 if a package has a known vulnerability, or if the audit fails. It is 0 if no
package has one, and if the database cannot be reached, which the output then says.
"""

import argparse
import subprocess
import sys

import requests

DATABASE = "https://api.osv.dev/v1/query"
FILES = (
    "requirements.txt",
    "requirements-compiled.txt",
    "requirements-boosting.txt",
    "requirements-otel.txt",
)

# A database that knows no vulnerability of this version does not work.
_VULNERABLE = {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "2.4.1"}


def main() -> None:
    """Audit the files, if the database can be reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--database", default=DATABASE, help="an address with OSV's API")
    parser.add_argument("files", nargs="*", default=FILES, help="files with locked packages")
    arguments = parser.parse_args()
    try:
        response = requests.post(arguments.database, json=_VULNERABLE, timeout=15)
        response.raise_for_status()
        works = bool(response.json().get("vulns"))
    except (requests.ConnectionError, requests.Timeout) as error:
        reason = type(error).__name__
        print(f"audit: SKIPPED, no vulnerability database can be reached ({reason})")
        return
    except requests.RequestException as error:
        sys.exit(f"audit: the vulnerability database does not work: {error}")
    if not works:
        sys.exit("audit: the vulnerability database does not know a vulnerability of jinja2 2.4.1")
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service=osv"]
    command += ["--osv-url", arguments.database, "--progress-spinner=off", "--strict"]
    command += ["--disable-pip", "--require-hashes"]
    command += [f"--requirement={name}" for name in arguments.files]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
