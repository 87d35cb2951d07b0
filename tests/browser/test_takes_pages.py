"""Takes and presets in a real browser: two takes in step, settings put back, kept, renamed, deleted, remembered."""

import pytest
from browser.test_accessibility import faults
from browser.test_compare_pages import STATE, apart, players
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, open_tab, visit  # noqa: F401 - the fixture
from conftest import CHROMIUM

from vc_core.home import get_studio_home
from vc_core.recipes.presets import read_preset
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))


def picture(page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/takes-{name}.png", full_page=True)


def delete_chosen(page) -> None:
    page.wait_for_function("document.querySelector('#take-title :is(input, textarea)')?.value === 'line'")
    page.click("#take-delete")
    page.click("#take-delete-sure")
    page.wait_for_function("document.querySelectorAll('#take-list label:has(input)').length === 1")


@pytest.mark.parametrize(
    "screen",
    [(DESKTOP, "light", "en-US"), pytest.param((PHONE, "dark", "ko-KR"), marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_takes_play_in_step_and_settings_come_back(visit, home, line, tmp_path, screen):  # noqa: F811
    size, theme, language = screen
    page = visit(size=size, theme=theme, language=language)

    def say(key: str) -> str:
        return translate_to(language[:2], key)

    def open_advanced() -> None:
        open_tab(page, say("tab_convert_singer"))
        page.get_by_role("button", name=say("advanced")).locator("visible=true").first.click()

    seed = page.get_by_label(say("seed"), exact=True).locator("visible=true")
    takes = page.locator("#take-list label:has(input)")
    open_advanced()
    assert page.locator("#takes").is_hidden()
    page.set_input_files("#singing input[type=file]", line)
    page.locator("#singing").get_by_text("0:01").wait_for()

    for at, number in enumerate((7, 9), start=1):
        seed.fill(str(number))
        seed.press("Tab")
        page.click("#convert")
        takes.nth(at - 1).wait_for()
    assert all(text.startswith(f"“line” · {say('tab_convert_singer')} · Clara · ") for text in takes.all_inner_texts())

    takes.nth(0).click()
    page.locator("#take-player a[download]").wait_for()
    takes.nth(1).click()
    page.locator("#take-compare label").nth(1).wait_for()
    page.wait_for_function(f"(id) => ({STATE})(id).every((sound) => sound.length > 0.9)", arg="take-compare")
    page.click("#take-compare button")
    assert apart(players(page, "take-compare", until=0.3)) < 0.05
    picture(page, f"two-{language}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert faults(page) == []

    takes.nth(0).click()
    page.click("#take-put-back")
    page.wait_for_function("(field) => field.value === '7'", arg=seed.element_handle())
    page.click("#take-keep")
    takes.get_by_text(say("take_is_kept")).wait_for()
    page.fill("#take-title input, #take-title textarea", "Best")
    page.click("#take-rename")
    takes.get_by_text("“Best”").wait_for()
    takes.nth(1).click()
    takes.nth(0).click()
    delete_chosen(page)
    page.click("#take-delete-undo")
    page.wait_for_function("document.querySelectorAll('#take-list label:has(input)').length === 2")
    takes.nth(0).click()
    delete_chosen(page)

    page.fill("#convert_singer-preset-name :is(input, textarea)", "Seven")
    page.click("#convert_singer-preset-save")
    with page.expect_download() as export:
        page.click("#convert_singer-preset-export")
    export.value.save_as(tmp_path / "seven.json")
    assert read_preset(tmp_path / "seven.json").settings["seed"] == 7
    seed.fill("11")
    seed.press("Tab")
    picture(page, f"presets-{language}")
    page.wait_for_function("localStorage.getItem('voice-studio-convert_singer')?.includes('11')")

    page.reload()
    takes.get_by_text("“Best”").wait_for()
    assert takes.count() == 1
    open_advanced()
    page.wait_for_function("(field) => field.value === '11'", arg=seed.element_handle())
    page.click("#convert_singer-presets button")
    page.click("#convert_singer-preset input")
    page.get_by_role("option", name="“Seven”").click()
    page.wait_for_function("(field) => field.value === '7'", arg=seed.element_handle())
    assert (get_studio_home() / "takes").is_dir()
