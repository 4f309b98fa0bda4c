"""The select boxes of the Swagger page, in Chromium."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.chromium import PREDICTION, execute, skip_without_chromium, visit
from tests.helpers import ECHO, PREDICT, Server, serving, write_module

pytestmark = pytest.mark.browser
skip_without_chromium()

SAMPLE = {"docks": 24, "weather": "clear", "level": 1}
TYPED = f"""
    from typing import Annotated, Literal, NotRequired, TypedDict

    class Row(TypedDict):
        docks: Annotated[int, {{"minimum": 0, "maximum": 90}}, "places at the station"]
        weather: Annotated[Literal["clear", "cloudy", "rain", "snow"], "as seen from the roof"]
        level: Literal[1, 2, 3]
        size: NotRequired[Literal["s", "m"] | None]

    def sample():
        return {SAMPLE}

    def run(row: Row):
        return row
"""
WEATHER = ["clear", "cloudy", "rain", "snow"]
LEFT_OUT = "(left out)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("choices")
    write_module(folder, TYPED)
    with serving(folder) as server:
        yield server


@contextlib.contextmanager
def swagger_page(browser: Browser, server: Server, path: str = "/api/") -> Iterator[Page]:
    with visit(browser, f"{server.url}{path}") as visited:
        visited.page.locator(f"{PREDICTION} .opblock-summary").click()
        yield visited.page
        assert visited.problems == []


def choice(page: Page, name: str) -> Locator:
    return page.get_by_label(name, exact=True)


def body(page: Page) -> Locator:
    return page.locator(f"{PREDICTION} textarea")


def options(page: Page, name: str) -> list[str]:
    return choice(page, name).locator("option").all_inner_texts()


def expect_shown(page: Page, **texts: str) -> None:
    for name, text in texts.items():
        expect(choice(page, name).locator("option:checked")).to_have_text(text)


def test_each_parameter_with_an_enum_has_a_select_box(browser: Browser, server: Server) -> None:
    with swagger_page(browser, server) as page:
        expect(page.locator(f"{PREDICTION} .parameters [id^=choice]")).to_have_count(3)
        assert options(page, "weather") == WEATHER
        assert options(page, "level") == ["1", "2", "3"]
        assert options(page, "size") == ["s", "m", "null", LEFT_OUT]
        expect_shown(page, weather="clear", level="1", size=LEFT_OUT)


@pytest.mark.parametrize(
    ("name", "option", "changed"),
    [
        ("weather", "snow", {"weather": "snow"}),
        ("level", "3", {"level": 3}),
        ("size", "m", {"size": "m"}),
        ("size", "null", {"size": None}),
    ],
)
def test_a_choice_is_in_the_body_and_predicted(
    browser: Browser, server: Server, name: str, option: str, changed: dict[str, Any]
) -> None:
    with swagger_page(browser, server) as page:
        choice(page, name).select_option(label=option)
        expect_shown(page, **{name: option})
        assert json.loads(body(page).input_value()) == SAMPLE | changed
        status, prediction = execute(page)
    assert (status, json.loads(prediction)) == ("200", SAMPLE | {"size": None} | changed)


def test_a_choice_by_keyboard(browser: Browser, server: Server) -> None:
    with swagger_page(browser, server) as page:
        choice(page, "weather").focus()
        page.keyboard.press("ArrowDown")
        expect(body(page)).to_have_value(json.dumps(SAMPLE | {"weather": "cloudy"}, indent=2))


def test_an_optional_parameter_is_left_out_again(browser: Browser, server: Server) -> None:
    with swagger_page(browser, server) as page:
        choice(page, "size").select_option(label="s")
        choice(page, "size").select_option(label=LEFT_OUT)
        expect(body(page)).to_have_value(json.dumps(SAMPLE, indent=2))


def test_a_choice_keeps_the_text_of_all_other_values(browser: Browser, server: Server) -> None:
    others = [
        '"rate": 1e-7',
        '"whole": 5.0',
        '"id": 9007199254740993',
        r'"\"weather\": {": "a \\\" } , \u00e9 \\"',
        '"nested": {"weather": [5.0, {"a": 1E2}], "b": {}}',
        '"": null',
        '"docks": 24.0',
        '"level": 1',
    ]
    before = "{" + ", ".join([*others, '"weather" : "rain"']) + "}"
    with swagger_page(browser, server) as page:
        body(page).fill(before)
        expect_shown(page, weather="rain")
        choice(page, "weather").select_option(label="snow")
        after = body(page).input_value()
        expected = ",\n".join(f"  {line}" for line in [*others, '"weather": "snow"'])
        assert after == f"{{\n{expected}\n}}"
        with page.expect_request(f"**{PREDICT}") as request:
            assert execute(page)[0] == "200"
        assert request.value.post_data == after


def test_a_select_box_shows_what_the_edited_body_has(browser: Browser, server: Server) -> None:
    with swagger_page(browser, server) as page:
        body(page).fill('{"weather": "fog", "level": 2.0}')
        expect_shown(page, weather='"fog"', level="2")
        expect(choice(page, "weather")).to_have_attribute("aria-invalid", "true")
        body(page).fill("{}")
        expect_shown(page, weather=LEFT_OUT, level=LEFT_OUT, size=LEFT_OUT)
        expect(choice(page, "weather")).to_have_attribute("aria-invalid", "true")
        expect(choice(page, "size")).to_have_attribute("aria-invalid", "false")
        choice(page, "weather").select_option(label="rain")
        expect(choice(page, "weather")).to_have_attribute("aria-invalid", "false")
        assert options(page, "weather") == WEATHER


@pytest.mark.parametrize("text", ['{"weather": "rain"', "[]", '"weather"', '{"weather": NaN}'])
def test_without_a_json_object_the_select_boxes_are_disabled(
    browser: Browser, server: Server, text: str
) -> None:
    with swagger_page(browser, server) as page:
        body(page).fill(text)
        for name in ("weather", "level", "size"):
            expect(choice(page, name)).to_be_disabled()
        body(page).fill('{"weather": "rain"}')
        expect(choice(page, "weather")).to_be_enabled()
        expect_shown(page, weather="rain")


def test_the_model_tab_shows_bounds_choices_and_descriptions(
    browser: Browser, server: Server
) -> None:
    with swagger_page(browser, server) as page:
        parameters = page.locator(f"{PREDICTION} .parameters-container")
        parameters.get_by_role("tab", name="Model").click()
        docks, weather = (
            parameters.locator(".property-row", has_text=name) for name in ("docks", "weather")
        )
        for text in ("integer", "minimum: 0", "maximum: 90", "places at the station"):
            expect(docks).to_contain_text(text)
        expect(weather).to_contain_text("as seen from the roof")
        weather.get_by_role("button", name="Array [ 4 ]").click()
        for option in WEATHER:
            expect(weather).to_contain_text(option)


def test_a_model_without_choices_has_no_select_boxes(browser: Browser, tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server, visit(browser, f"{server.url}/api/") as visited:
        visited.page.locator(f"{PREDICTION} .opblock-summary").click()
        expect(body(visited.page)).to_be_visible()
        expect(visited.page.locator("[id^=choice]")).to_have_count(0)
        assert visited.problems == []


def test_without_json_editor_and_under_a_prefix_select_boxes_appear_after_a_click(
    browser: Browser, tmp_path: Path
) -> None:
    write_module(tmp_path, TYPED)
    with (
        serving(tmp_path, SWAGGER_UI_JSONEDITOR="off", ROOT_PATH="/stations") as server,
        swagger_page(browser, server, "/stations/api/") as page,
    ):
        expect(page.locator('script[src="/stations/api/static/choices.js"]')).to_have_count(1)
        expect(page.locator(f"{PREDICTION} .try-out__btn")).to_be_visible()
        expect(page.locator("[id^=choice]")).to_have_count(0)
        page.locator(f"{PREDICTION} .try-out__btn").click()
        choice(page, "weather").select_option(label="snow")
        expect(body(page)).to_have_value(json.dumps(SAMPLE | {"weather": "snow"}, indent=2))
        page.locator(f"{PREDICTION} .try-out__btn.cancel").click()
        expect(page.locator("[id^=choice]")).to_have_count(0)
