"""The whole way to a cover in a real browser: both languages, desktop and phone, a reload, a link, two visitors."""

import re

import pytest
from browser.test_pages import (  # noqa: F401 - the fixtures
    DESKTOP,
    PHONE,
    SCREENSHOTS,
    downloads,
    open_tab,
    sound_at,
    visit,
)
from conftest import CHROMIUM
from voice_maker import add_voice

from vc_core.files.writing import write_audio
from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def label(key: str, language: str) -> str:
    return translate_to(language[:2], key)


def choose_song(page, path) -> None:
    page.set_input_files("#cover-song input[type=file]", path)
    page.locator("#cover-song [data-testid^=waveform]").first.wait_for()


@pytest.fixture
def tune(song, tmp_path):
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * 44_100), format_name="wav16")
    return tmp_path / "tune.wav"


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), pytest.param(PHONE, "dark", "ko-KR", marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_from_a_song_to_a_cover_and_found_again_after_a_reload(visit, tune, tmp_path, size, theme, language):  # noqa: F811
    page = visit(size=size, theme=theme, language=language)
    open_tab(page, label("tab_cover", language))
    choose_song(page, tune)
    page.locator("#cover-cost").get_by_text(re.compile("GB")).wait_for()
    page.click("#cover")
    (cover,) = downloads(page, "cover-result")
    assert sound_at(cover, tmp_path).frames == 4 * 44_100
    page.locator("#cover-key-picture img").wait_for()
    assert label("key_legend", language) in page.locator("#cover-notes").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/cover-made-{theme}-{language}.png", full_page=True)
    assert "job=" in page.url
    page.reload()
    (again,) = downloads(page, "cover-result")
    assert sound_at(again, tmp_path).frames == 4 * 44_100
    assert page.locator("#cover-result").is_visible()  # its tab is open


@pytest.mark.slow
def test_a_link_brings_its_settings_and_no_others(visit, studio):  # noqa: F811
    page = visit()
    open_tab(page, translate_to("en", "tab_cover"))
    page.get_by_text("Advanced", exact=True).locator("visible=true").click()
    page.get_by_label(translate_to("en", "vocals_shift")).first.fill("5")
    page.locator("#cover-clean input").check()
    page.locator("#cover-sharing > button").click()
    page.click("#cover-share")
    box = page.locator("#cover-shared textarea, #cover-shared input").first
    page.wait_for_function("document.querySelector('#cover-shared textarea, #cover-shared input').value != ''")
    assert "format=flac24" in box.input_value()
    query = box.input_value().split("?")[1].replace("voice=Clara", "voice=Max")
    query = query.replace("engine=ensemble", "engine=evil")
    other = visit(address=f"{studio}?{query}")
    other.locator("#cover-song").wait_for()
    other.get_by_text("Advanced", exact=True).locator("visible=true").click()
    other.wait_for_function("document.querySelector('#cover-voice input').value.startsWith('Max')")
    assert other.get_by_label(translate_to("en", "vocals_shift")).first.input_value() == "5"
    assert other.locator("#cover-clean input").is_checked()


@pytest.mark.slow
def test_a_visitor_who_closes_the_page_finds_the_cover_by_its_address(visit, song, tmp_path):  # noqa: F811
    write_audio(tmp_path / "long.wav", song, format_name="wav16")
    page = visit()
    open_tab(page, translate_to("en", "tab_cover"))
    choose_song(page, tmp_path / "long.wav")
    page.click("#cover")
    page.wait_for_url(re.compile("job="))
    address = page.url
    page.close()
    other = visit(address=address.split("?")[0], size=PHONE)
    other.goto(address)
    other.locator("#cover-stop").wait_for()
    (cover,) = downloads(other, "cover-result")
    assert sound_at(cover, tmp_path).frames == song.frames


@pytest.mark.slow
def test_two_visitors_at_once_get_their_own(visit, song, tmp_path):  # noqa: F811
    pages = []
    for seconds in (3, 5):
        write_audio(tmp_path / f"{seconds}.wav", song.slice(0, seconds * 44_100), format_name="wav16")
        page = visit()
        open_tab(page, translate_to("en", "tab_cover"))
        choose_song(page, tmp_path / f"{seconds}.wav")
        pages.append((page, seconds))
    for page, _ in pages:
        page.click("#cover")
    for page, seconds in pages:
        (cover,) = downloads(page, "cover-result")
        assert sound_at(cover, tmp_path).frames == seconds * 44_100


def test_a_bad_link_is_answered_with_a_sentence(visit):  # noqa: F811
    page = visit()
    open_tab(page, translate_to("en", "tab_cover"))
    page.locator("#cover-link textarea, #cover-link input").first.fill("http://127.0.0.1:22/x.mp3")
    page.click("#cover-fetch")
    body = page.locator("[data-testid=toast-body]").first
    body.wait_for(timeout=30_000)
    assert "private network" in body.inner_text()


@pytest.mark.slow
def test_a_voice_of_ones_own_is_offered(visit):  # noqa: F811
    library = VoiceLibrary(get_voices_folder())
    add_voice(library, "Mine")
    try:
        page = visit()
        open_tab(page, translate_to("en", "tab_cover"))
        page.locator("#cover-voice input").click()
        page.get_by_role("option", name=re.compile("^Mine")).wait_for()
    finally:
        library.delete("Mine")
