"""From recordings to a voice in a real browser: four steps, a reload in between, desktop and phone, both languages."""

import re

import pytest
from browser.test_job_bar import share_of_time_with_progress, wait_for, watch
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, toast, visit  # noqa: F401 - the fixtures
from conftest import CHROMIUM, ROOT
from playwright.sync_api import expect
from training_app import app_that_trains

from vc_core.training.recordings.prompts import LINES
from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder

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
    page.get_by_text(translate_to("en", "record_lines")).click()
    page.locator("#line-to-say").get_by_text(LINES["en"][0]).wait_for()
    page.click("#take-skip")
    page.locator("#line-to-say").get_by_text(LINES["en"][1]).wait_for()
    to_the_method(page)
    page.locator("#train-method").get_by_text("Tiny").click()
    page.locator("#train-notice", has_text="For tests.").wait_for()  # with it come the method's settings
    page.fill("#train-name input, #train-name textarea", "Fay")
    page.get_by_text(translate_to("en", "consent_synthetic")).click()
    page.get_by_text(translate_to("en", "advanced"), exact=True).locator("visible=true").click()
    expect(page.locator("#train-settings textarea")).to_have_value(re.compile("ballast"))
    page.fill("#train-settings textarea", f"steps = 100\nlast_step_waits_for = {seen}")
    assert page.locator("#train_start").is_disabled()  # nobody has promised anything yet
    page.locator("#train-agreed input").check()
    page.click("#train_start")
    page.locator("#train-status h3", has_text="Fay: training").wait_for(timeout=60_000)
    page.reload()
    page.locator("#train-status h3", has_text="Fay: training").wait_for(timeout=60_000)
    seen.touch()
    page.locator("#train-status h3", has_text="Fay: finished").wait_for(timeout=90_000)
    check_finished(page)
    page.reload()
    page.click("#train-found-again")
    check_finished(page)
    assert VoiceLibrary(get_voices_folder()).find("Fay").card.consent == "synthetic"
    page.click("#train-delete")
    page.locator("#train-status h3").wait_for()  # it asks first
    page.click("#train-delete-sure")
    page.locator("#train-status", has_text=translate_to("en", "trainings_none")).wait_for()
    page.click("#train-delete-undo")
    page.locator("#train-status h3", has_text="Fay: finished").wait_for()


def check_finished(page):
    page.locator("#train-status h3", has_text="Fay: finished").wait_for()
    page.locator("#train-chart svg circle").first.wait_for()
    page.locator("#train-sample-0 a[download]").wait_for()
    said = page.locator("#train-status").inner_text()
    assert "Best so far: step" in said
    assert translate_to("en", "advice_improving") not in said
    for button in ("stop", "resume", "take"):  # it has ended, and its voice is in the library
        expect(page.locator(f"#train-{button}")).to_be_disabled()


def test_without_recordings_the_next_step_stays_closed_and_start_says_what_is_missing(visit, app):  # noqa: F811
    page = visit(address=app)
    page.click("#train-next-1")
    assert "recordings" in toast(page)
    assert page.locator("#doctor").is_hidden()
    to_the_method(page)
    missing = page.locator("#train-missing")
    expect(missing).to_contain_text(translate_to("en", "train_needs_name"))
    page.fill("#train-name input, #train-name textarea", "Fay")
    page.get_by_text(translate_to("en", "consent_synthetic")).click()
    expect(missing).to_contain_text(translate_to("en", "train_needs_promise"))
    expect(missing).not_to_contain_text(translate_to("en", "train_needs_name"))
    expect(page.locator("#train_start")).to_be_disabled()
    page.locator("#train-agreed input").check()
    expect(page.locator("#train_start")).to_be_enabled()


def test_the_check_and_the_preparation_show_their_progress_nearly_all_the_time(visit, app):  # noqa: F811
    page = visit(address=app)
    page.set_input_files("#train-files input[type=file]", FILES)
    page.locator("#train-files").get_by_text("sung_line").wait_for()
    page.click("#train-next-1")
    page.locator("#doctor").wait_for()
    watch(page, "doctor", "doctor")
    seen = wait_for(page, "doctor", "done")
    assert share_of_time_with_progress(seen) >= 0.95
    assert any("Checking the recordings: " in moment["text"] for moment in seen)
    page.locator("#doctor-said h3").wait_for()
    page.click("#train-next-2")
    page.locator("#train-method").get_by_text("Tiny").click()
    page.fill("#train-name input, #train-name textarea", "Ida")
    page.get_by_text(translate_to("en", "consent_synthetic")).click()
    page.locator("#train-agreed input").check()
    expect(page.locator("#train_start")).to_be_enabled()
    watch(page, "train_start", "train_start")
    assert share_of_time_with_progress(wait_for(page, "train_start", "done")) >= 0.95
    page.locator("#train-status h3", has_text="Ida").wait_for(timeout=60_000)


def test_the_samples_follow_the_newest_step_unless_an_older_one_is_chosen(visit, app, tmp_path):  # noqa: F811
    seen, page = tmp_path / "seen", visit(address=app)
    to_the_method(page)
    page.locator("#train-method").get_by_text("Tiny").click()
    page.fill("#train-name input, #train-name textarea", "Gus")
    page.get_by_text(translate_to("en", "consent_synthetic")).click()
    page.get_by_text(translate_to("en", "advanced"), exact=True).locator("visible=true").click()
    expect(page.locator("#train-settings textarea")).to_have_value(re.compile("ballast"))
    page.fill("#train-settings textarea", f"steps = 120\nlast_step_waits_for = {seen}")
    page.locator("#train-agreed input").check()
    page.click("#train_start")
    page.locator("#train-status h3", has_text="Gus: training").wait_for(timeout=60_000)
    heard = page.locator("#train-heard-at input")
    expect(heard).to_have_value("100", timeout=60_000)
    page.locator("#train-sample-0", has_text="(100)").wait_for()
    seen.touch()
    expect(heard).to_have_value("120", timeout=60_000)
    page.locator("#train-sample-0", has_text="(120)").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), (DESKTOP, "dark", "ko-KR"), (PHONE, "light", "ko-KR"), (PHONE, "dark", "en-US")],
    ids=["desktop-english", "desktop-korean", "phone-korean", "phone-english"],
)
def test_every_step_fits(visit, app, size, theme, language):  # noqa: F811
    page = visit(address=app, size=size, theme=theme, language=language)
    width = "phone" if size is PHONE else "desktop"

    def look(step):
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if SCREENSHOTS:
            page.screenshot(path=f"{SCREENSHOTS}/train-{step}-{width}-{theme}-{language}.png", full_page=True)

    page.get_by_text(translate_to(language[:2], "record_lines")).click()
    page.set_input_files("#train-files input[type=file]", FILES)
    look(1)
    page.click("#train-next-1")
    page.click("#doctor")
    page.locator("#doctor-said h3").wait_for(timeout=60_000)
    look(2)
    page.click("#train-next-2")
    look(3)
    page.fill("#train-name input, #train-name textarea", "Fay")
    page.get_by_text(translate_to(language[:2], "consent_synthetic")).click()
    page.locator("#train-method").get_by_text("Tiny").click()
    page.locator("#train-agreed input").check()
    page.click("#train_start")
    finished = translate_to(language[:2], "state_finished")
    page.locator("#train-status h3", has_text=finished).wait_for(timeout=90_000)
    page.locator("#train-sample-0 a[download]").wait_for()
    look(4)
