"""Take the README's screenshot: the Swagger page of the example model, with a prediction.

`python -m scripts.screenshot [--out docs/swagger.png]`; `make screenshot` trains the
model first.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from app.config.settings import Settings
from tests.chromium import chromium, visit
from tests.helpers import ROOT, eventually, serving

PREDICTION = "#operations-model-post_model_predict"
WIDTH = 1280
MARGIN = 10


def main() -> None:
    """Serve a copy of the model folder, predict on its Swagger page, and save a screenshot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "swagger.png")
    out = parser.parse_args().out
    if not (ROOT / "model" / "ml_trained_model.joblib").is_file():
        sys.exit("The example model is not trained: run `python model/train.py`")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        model = shutil.copytree(ROOT / "model", Path(folder) / "model")
        take_screenshot(model, out)
    print(f"{out}: {out.stat().st_size // 1024} KB")


def take_screenshot(model: Path, out: Path) -> None:
    """Save a screenshot of the Swagger page for `model`, at the default address."""
    port = Settings.FLASK_PORT
    with serving(model, wait=False, FLASK_PORT=str(port)) as server:
        server.port = port
        eventually(lambda: "is ready" in server.log or server.process.poll() is not None)
        if server.process.poll() is not None:
            sys.exit(server.log)
        with chromium() as browser, visit(browser, f"http://localhost:{port}/api/") as opened:
            opened.page.set_viewport_size({"width": WIDTH, "height": 2 * WIDTH})
            predict(opened.page)
            opened.page.set_viewport_size({"width": WIDTH, "height": height(opened.page)})
            opened.page.screenshot(path=out, animations="disabled")


def predict(page: Page) -> None:
    """Execute the predict operation with the model's sample."""
    page.locator("#operations-tag-health").click()  # closes it
    page.locator(f"{PREDICTION} .opblock-summary").click()
    # As by dragging its corner: Swagger UI's field is much higher than the sample.
    page.locator(f"{PREDICTION} textarea").evaluate("field => field.style.minHeight = '0'")
    page.locator(f"{PREDICTION} textarea").evaluate("field => field.style.height = '130px'")
    page.locator(f"{PREDICTION} .execute").click()
    response = page.locator(f"{PREDICTION} .live-responses-table tbody")
    expect(response.locator(".response-col_status")).to_contain_text("200")
    page.mouse.move(0, 0)  # no element is highlighted


def height(page: Page) -> int:
    """Return the height of a window that shows the prediction."""
    response = page.locator(f"{PREDICTION} .live-responses-table pre.microlight").first
    bottom: float = response.evaluate("element => element.getBoundingClientRect().bottom")
    return round(bottom) + MARGIN


if __name__ == "__main__":
    main()
