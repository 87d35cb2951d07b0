"""From recordings to a voice in a real browser: four steps, a reload in between, desktop and phone, both languages."""

import re

import pytest
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, open_tab, visit  # noqa: F401 - the fixtures
from conftest import CHROMIUM, ROOT
from playwright.sync_api import expect
from training_app import app_that_trains

from vc_core.training.prompts import LINES
from vc_core.ui.words import WORDS
from vc_core.voices import VoiceLibrary, voices_home

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
FILES = [ROOT / "examples" / name for name in ("spoken_line.flac", "sung_line.flac")]


@pytest.fixture
def app(tmp_path):
    with app_that_trains(tmp_path / "home") as address:
        yield address


def to_the_method(page):
    page.set_input_files("#train-files input[type=file]", FILES)
    page.locator("#train-files").get_by_text("spoken_line").wait_for()
    page.click("#train-next-1")
    page.click("#train-next-2")


def test_a_voice_is_trained_watched_through_a_reload_and_lands_in_the_library(visit, app, tmp_path):  # noqa: F811
    seen = tmp_path / "seen"
    page = visit(address=app)
    page.get_by_text(WORDS["record_lines"][0]).click()
    page.locator("#line-to-say").get_by_text(LINES["en"][0]).wait_for()
    page.click("#take-skip")
    page.locator("#line-to-say").get_by_text(LINES["en"][1]).wait_for()
    to_the_method(page)
    page.locator("#train-method").get_by_text("Tiny").click()
    page.locator("#train-notice", has_text="For tests.").wait_for()  # with it come the method's settings
    page.fill("#train-name input, #train-name textarea", "Fay")
    page.get_by_text(WORDS["consent_synthetic"][0]).click()
    page.get_by_text(WORDS["advanced"][0], exact=True).locator("visible=true").click()
    expect(page.locator("#train-settings textarea")).to_have_value(re.compile("ballast"))
    page.fill("#train-settings textarea", f"steps = 100\nlast_step_waits_for = {seen}")
    assert page.locator("#train-start").is_disabled()  # nobody has promised anything yet
    page.locator("#train-agreed input").check()
    page.click("#train-start")
    page.locator("#train-status h3", has_text="Fay: training").wait_for(timeout=60_000)
    page.reload()
    page.locator("#train-status h3", has_text="Fay: training").wait_for(timeout=60_000)
    seen.touch()
    page.locator("#train-status h3", has_text="Fay: finished").wait_for(timeout=90_000)
    page.locator("#train-chart canvas, #train-chart svg").first.wait_for()
    page.locator("#train-sample-0 a[download]").wait_for()
    assert "Best so far: step" in page.locator("#train-status").inner_text()
    assert VoiceLibrary(voices_home()).find("Fay").card.consent == "synthetic"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_step_fits(visit, app, tmp_path, size, theme, language):  # noqa: F811
    from pathlib import Path

    page = visit(address=app, size=size, theme=theme, language=language)
    folder = Path(SCREENSHOTS or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    width = "phone" if size is PHONE else "desktop"

    def look(step):
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=folder / f"train-{step}-{width}-{theme}-{language}.png", full_page=True)

    page.get_by_text(WORDS["record_lines"][language == "ko-KR"]).click()
    page.set_input_files("#train-files input[type=file]", FILES)
    look(1)
    page.click("#train-next-1")
    page.click("#train-doctor")
    page.locator("#doctor-said h3").wait_for(timeout=60_000)
    look(2)
    page.click("#train-next-2")
    look(3)
    page.fill("#train-name input, #train-name textarea", "Fay")
    page.get_by_text(WORDS["consent_synthetic"][language == "ko-KR"]).click()
    page.locator("#train-method").get_by_text("Tiny").click()
    page.locator("#train-agreed input").check()
    page.click("#train-start")
    finished = WORDS["state_finished"][language == "ko-KR"]
    page.locator("#train-status h3", has_text=finished).wait_for(timeout=90_000)
    page.locator("#train-sample-0 a[download]").wait_for()
    look(4)
