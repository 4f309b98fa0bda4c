import re
import tomllib

import yaml

from tests.helpers import ROOT


def test_the_license_is_the_same_everywhere() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])
    chart = yaml.safe_load((ROOT / "charts/ml-rest-api/Chart.yaml").read_text())
    assert chart["annotations"]["artifacthub.io/license"] == "MIT"
    label = re.search(r'image\.licenses="(.*?)"', (ROOT / "Dockerfile").read_text())
    assert label is not None
    assert label[1] == "MIT"
