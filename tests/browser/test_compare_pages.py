"""Source and result beside each other in a real browser: in step, one heard, by mouse and by key."""

import pytest
from browser.test_accessibility import faults
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, downloads, open_tab, visit  # noqa: F401 - the fixtures
from conftest import CHROMIUM

from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

STATE = """(id) => [...document.querySelector(`#${id} .compare`).players].map((sound) => ({
  at: sound.currentTime, heard: !sound.muted && sound.volume > 0.0001, plays: !sound.paused, length: sound.duration
}))"""


def players(page, elem_id: str, *, until: float = 0.0):
    """What all of them do, once they have come this far: at one moment."""
    page.wait_for_function(f"(id) => ({STATE})(id).every((sound) => sound.at >= {until})", arg=elem_id)
    return page.evaluate(STATE, elem_id)


def apart(found) -> float:
    return max(one["at"] for one in found) - min(one["at"] for one in found)


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), pytest.param(PHONE, "dark", "ko-KR", marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_source_and_result_play_in_step_and_a_key_changes_which_is_heard(visit, size, theme, language):  # noqa: F811
    page = visit(size=size, theme=theme, language=language)
    open_tab(page, translate_to(language[:2], "tab_convert_singer"))
    assert page.locator("#converted-to-add_emotion").is_hidden()
    assert page.locator("#convert-compare .compare").is_hidden()
    page.click("#singing-example")
    page.locator("#singing").get_by_text("0:06").wait_for()
    page.click("#convert")
    if size is PHONE:
        page.wait_for_function("document.querySelector('#converted').getBoundingClientRect().top < innerHeight - 50")
    downloads(page, "converted")
    page.locator("#convert-compare label").nth(1).wait_for()
    page.locator("#converted-to-add_emotion").wait_for()
    assert page.locator("#convert-compare label").all_inner_texts() == [
        translate_to(language[:2], "compare_before"),
        translate_to(language[:2], "compare_after"),
    ]
    page.wait_for_function(f"(id) => ({STATE})(id).every((sound) => sound.length > 5)", arg="convert-compare")
    page.click("#convert-compare button")
    found = players(page, "convert-compare", until=1.0)
    assert [one["heard"] for one in found] == [False, True]
    assert all(one["plays"] for one in found)
    assert apart(found) < 0.05
    page.keyboard.press("x")
    at_once = page.evaluate(STATE, "convert-compare")
    assert [one["heard"] for one in at_once] == [True, False]
    assert all(one["plays"] for one in at_once)
    assert apart(at_once) < 0.05
    assert apart(players(page, "convert-compare", until=2.0)) < 0.05
    page.locator("#convert-compare label").nth(1).click()
    assert [one["heard"] for one in page.evaluate(STATE, "convert-compare")] == [False, True]
    page.locator("#convert-compare label input").nth(1).press("ArrowLeft")
    assert [one["heard"] for one in page.evaluate(STATE, "convert-compare")] == [True, False]
    page.click("#convert-compare button")
    found = page.evaluate(STATE, "convert-compare")
    assert not any(one["plays"] for one in found)
    assert apart(found) < 0.05
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/compare-{theme}-{language}.png", full_page=True)
    assert faults(page) == []


@pytest.mark.slow
def test_of_a_preview_the_song_is_heard_from_where_it_begins(visit):  # noqa: F811
    page = visit()
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    page.click("#preview")
    downloads(page, "vocals", "accompaniment")
    page.locator("#separate-compare label").nth(2).wait_for()
    page.wait_for_function(f"(id) => ({STATE})(id).every((sound) => sound.length > 5)", arg="separate-compare")
    page.click("#separate-compare button")
    song, vocals, accompaniment = players(page, "separate-compare", until=0.8)
    assert song["length"] == pytest.approx(24.06, abs=0.1)
    assert vocals["length"] == pytest.approx(15.0, abs=0.1)
    assert song["at"] - vocals["at"] == pytest.approx(8.0, abs=0.05)  # a third into the song
    assert accompaniment["at"] == pytest.approx(vocals["at"], abs=0.05)
    assert sum(one["heard"] for one in (song, vocals, accompaniment)) == 1
