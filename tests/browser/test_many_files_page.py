"""Several files in a real browser: their table, a reload, what failed retried, Stop, and a folder."""

import re
import zipfile

import numpy as np
import pytest
from browser.test_pages import (  # noqa: F401 - the fixtures
    DESKTOP,
    PHONE,
    SCREENSHOTS,
    open_tab,
    sound_at,
    visit,
)
from conftest import CHROMIUM

from vc_core.files.writing import write_audio
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
PATIENCE_MS = 120_000


def row_of(page, task, name):
    return page.locator(f"#{task}-table tbody tr", has=page.get_by_role("rowheader", name=name, exact=True))


def choose_files(page, task, paths, words):
    page.locator(f"#{task.replace('many_', '')}").first.wait_for()
    page.get_by_role("button", name=words("many_files")).locator("visible=true").click()
    page.set_input_files(f"#{task}-input input[type=file]", paths)
    for path in paths:
        page.locator(f"#{task}-input .filename[aria-label='{path.name}']").wait_for()


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), pytest.param(PHONE, "dark", "ko-KR", marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_files_are_done_and_found_again_and_what_failed_is_retried(visit, song, tmp_path, size, theme, language):  # noqa: F811
    def words(key):
        return translate_to(language[:2], key)

    write_audio(tmp_path / "one.wav", song.slice(0, 44_100), format_name="wav16")
    write_audio(tmp_path / "two.wav", song.slice(44_100, 88_200), format_name="wav16")
    (tmp_path / "bad.wav").write_text("no sound")
    page = visit(size=size, theme=theme, language=language)
    page.set_default_timeout(PATIENCE_MS)
    open_tab(page, words("tab_convert_singer"))
    choose_files(page, "many_convert", [tmp_path / f"{name}.wav" for name in ("one", "bad", "two")], words)
    page.click("#many_convert")
    for name in ("one", "two"):
        row_of(page, "many_convert", f"{name}.wav").get_by_text(words("file_done"), exact=True).wait_for()
    bad = row_of(page, "many_convert", "bad.wav")
    bad.get_by_text(words("file_failed"), exact=True).wait_for()
    page.locator("#many_convert-zip a[download]").wait_for()
    link = row_of(page, "many_convert", "one.wav").get_by_role("link").get_attribute("href")
    assert sound_at(link, tmp_path).frames == 44_100
    play = row_of(page, "many_convert", "two.wav").get_by_role("button")
    assert play.get_attribute("aria-label") == words("many_play").format("two - clara.flac")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    if SCREENSHOTS:
        page.locator("#many_convert-table").scroll_into_view_if_needed()
        page.screenshot(path=f"{SCREENSHOTS}/many-{theme}-{language}.png", full_page=True)
    assert "files=" in page.url
    page.reload()
    row_of(page, "many_convert", "two.wav").get_by_text(words("file_done"), exact=True).wait_for()
    assert page.locator("#many_convert-table").is_visible()  # its tab and section are open
    page.get_by_role("button", name=words("many_retry"), exact=True).click()
    bad.get_by_text(words("file_failed"), exact=True).wait_for()
    page.locator("#many_convert-stop").wait_for(state="hidden")
    with page.expect_download() as download:
        page.locator("#many_convert-zip a[download]").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert packed.namelist() == ["one - clara.flac", "two - clara.flac"]


def test_stop_names_what_was_stopped_and_a_folder_can_be_added(visit, song, tmp_path):  # noqa: F811
    (tmp_path / "songs").mkdir()
    long = song.with_samples(np.tile(song.samples, 15))
    for name in ("a", "b"):
        write_audio(tmp_path / "songs" / f"{name}.flac", long, format_name="flac16")
    (tmp_path / "songs" / "cover.txt").write_text("no sound")
    page = visit()
    page.set_default_timeout(PATIENCE_MS)
    page.get_by_role("button", name=translate_to("en", "many_files")).locator("visible=true").click()
    with page.expect_file_chooser() as chooser:
        page.click("#many_separate-folder")
    chooser.value.set_files(tmp_path / "songs")
    page.locator("#many_separate-input .filename[aria-label='b.flac']").wait_for()
    assert page.locator("#many_separate-input .filename").count() == 2
    page.click("#many_separate")
    row_of(page, "many_separate", "a.flac").get_by_text(re.compile(r"At work \d+ %")).wait_for()
    page.click("#many_separate-stop")
    page.locator("#separate_vocals_files-job").get_by_text(translate_to("en", "job_stopped"), exact=True).wait_for()
    for name in ("a", "b"):
        row_of(page, "many_separate", f"{name}.flac").get_by_text("Stopped", exact=True).wait_for()
    page.get_by_role("button", name=translate_to("en", "many_retry"), exact=True).wait_for()
