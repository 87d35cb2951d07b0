"""The page's script in a real browser: arrow keys between tabs, the focus while a job runs, and dropped files."""

import base64

import pytest
from browser.test_pages import DESKTOP, PHONE, toast, visit  # noqa: F401 - the fixture
from conftest import CHROMIUM, ROOT
from media import encode
from playwright.sync_api import expect

from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

DROP = """([selector, files]) => {
  const data = new DataTransfer()
  for (const [name, type, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
    data.items.add(new File([bytes], name, { type }))
  }
  const zone = document.querySelector(selector)
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }))
  }
}"""


def drop(page, selector, *files):
    coded = [(path.name, kind, base64.b64encode(path.read_bytes()).decode()) for path, kind in files]
    page.evaluate(DROP, [selector, coded])


def test_arrow_keys_move_between_tabs(visit):  # noqa: F811
    page = visit()
    selected = page.locator("[role=tab][aria-selected=true]").first
    selected.focus()
    keys = [("ArrowRight", "cover"), *[("ArrowLeft", name) for name in ("separate_vocals", "start", "voices")]]
    for key, name in keys:
        page.keyboard.press(key)
        expect(selected).to_have_text(translate_to("en", f"tab_{name}"))
        expect(selected).to_be_focused()


def test_the_focus_goes_to_stop_and_back(visit):  # noqa: F811
    page = visit()
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    page.locator("#separate").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#separate-stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#separate")).to_be_focused(timeout=60_000)


@pytest.mark.parametrize(("size", "is_scrolled"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desktop"])
def test_a_waveform_wider_than_its_player_is_reached_by_keyboard_and_has_a_name(visit, size, is_scrolled):  # noqa: F811
    page = visit(size=size)
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    scroll = page.locator("#song .scroll")
    expect(scroll).to_have_attribute("tabindex", "0") if is_scrolled else page.wait_for_timeout(1000)
    assert scroll.evaluate("scroll => scroll.scrollWidth > scroll.clientWidth") is is_scrolled
    assert scroll.get_attribute("aria-label") == ("Song" if is_scrolled else None)
    assert scroll.evaluate("scroll => scroll.tabIndex") == (0 if is_scrolled else -1)


def test_videos_and_second_files_can_be_dropped_and_others_are_refused_with_a_sentence(visit, tmp_path, tone):  # noqa: F811
    video = encode(tmp_path / "film.mp4", tone(seconds=3, sample_rate=48_000, channels=2), video=True)
    line, text = ROOT / "examples" / "spoken_line.flac", ROOT / "README.md"
    page = visit()
    note = page.locator(".file-note")
    drop(page, "#song button", (text, "text/markdown"))
    expect(note).to_have_text(translate_to("en", "file_refused").replace("{}", "README.md"))
    drop(page, "#song button", (line, "audio/flac"), (text, "text/markdown"))
    expect(note).to_have_text(translate_to("en", "file_only_one").replace("{}", "spoken_line.flac"))
    page.locator("#song").get_by_text("0:05").wait_for()
    drop(page, "#song", (video, "video/mp4"))
    expect(note).to_have_count(0)
    page.locator("#song").get_by_text("0:03").wait_for()


def test_a_refused_upload_is_no_list_of_types_and_its_message_covers_no_field(visit):  # noqa: F811
    page = visit()
    page.set_input_files("#song input[type=file]", ROOT / "README.md")
    said = toast(page)
    assert translate_to("en", "file_refused").replace("{}", "README.md") in said
    assert "audio/" not in said
    box = page.locator("[data-testid=toast-body]").bounding_box()
    assert box["y"] > 450
