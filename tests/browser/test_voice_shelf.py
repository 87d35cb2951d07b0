"""A voice is heard and chosen in a real browser, before anything is converted."""

import pytest
from browser.one_tab import open_panel
from browser.test_accessibility import faults
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS
from conftest import CHROMIUM, ROOT

from vc_core.ui.server.sung_ranges import SungRanges
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

SOUND = "document.querySelector('#singer-shelf .shelf').sound"


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), pytest.param(PHONE, "dark", "ko-KR", marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_a_voice_is_heard_by_one_click_and_chosen_from_the_list(chromium, monkeypatch, size, theme, language):
    monkeypatch.setattr(SungRanges, "recall", lambda self, song: (150.0, 262.0) if song else None)
    with open_panel(chromium, "convert_singer", size=size, theme=theme, language=language) as page:
        hear_and_choose(page, language[:2])
        if SCREENSHOTS:
            page.locator("#singer-shelf").screenshot(path=f"{SCREENSHOTS}/shelf-{theme}-{language}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert [fault for fault in faults(page) if "data-live" not in fault] == []  # whose script may still load


def hear_and_choose(page, code):
    hear, rows = page.locator("#singer-shelf [data-hear='']"), page.locator("#singer-shelf li")
    assert hear.inner_text() == f"▶ {translate_to(code, 'shelf_hear')}"
    assert rows.count() == 0  # nothing is sent before it is opened
    hear.click()
    page.wait_for_function(f"{SOUND}.currentTime > 0.3", timeout=90_000)
    assert page.evaluate(f"{SOUND}.duration") == pytest.approx(5.7, abs=0.1)
    assert hear.inner_text() == f"■ {translate_to(code, 'stop')}"
    hear.click()
    assert page.evaluate(f"{SOUND}.paused")
    page.set_input_files("#singing input[type=file]", ROOT / "examples" / "sung_line.flac")
    page.locator("#singing").get_by_text("0:06").wait_for()
    page.locator("#singer-shelf summary").click()
    rows.first.wait_for()
    assert rows.count() == 10
    assert rows.first.locator("b").inner_text() == "Clara"
    assert translate_to(code, "shelf_shift").format("0") in rows.first.inner_text()
    assert rows.first.locator("[aria-pressed]").get_attribute("aria-pressed") == "true"
    page.fill("#singer-shelf input", "japanese young")
    assert rows.locator("b").all_inner_texts() == ["Hana"]
    rows.locator("[aria-pressed]").click()
    page.wait_for_function("document.querySelector('#singer input').value.startsWith('Hana')")
    page.locator("#singer-shelf [aria-pressed=true]").wait_for()
    page.fill("#singer-shelf input", "nobody")
    assert rows.all_inner_texts() == [translate_to(code, "shelf_none")]
