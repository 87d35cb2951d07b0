"""Screenshots for the README, from the real app in a real browser: `make screenshots`. It needs Debian's chromium."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

_OWN = tempfile.TemporaryDirectory(prefix="voice-studio-pictures-")
os.environ |= {  # before Gradio is imported: no private voices and files in the pictures
    "VOICE_STUDIO_HOME": f"{_OWN.name}/home",
    "GRADIO_TEMP_DIR": f"{_OWN.name}/gradio",
    "CI": "1",
}

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, sync_playwright  # noqa: E402

from vc_core.ui.suite import build_suite, launch  # noqa: E402
from vc_core.ui.words import translate_to  # noqa: E402

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 860
PHONE_WIDTH, PHONE_HEIGHT = 390, 844
WALK_WIDTH = 960
PATIENCE_MS = 120_000
SHORT_MS, LONG_MS = 900, 2600
RING = "(part) => { part.style.outline = '3px solid #0d9488'; part.style.outlineOffset = '2px' }"
NO_RING = "(part) => { part.style.outline = '' }"


class Walk:
    """An animated walk-through: a screenshot before and after each action."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[tuple[Image.Image, int]] = []

    def look(self, milliseconds: int = LONG_MS) -> None:
        self._page.wait_for_timeout(400)
        frame = Image.open(BytesIO(self._page.screenshot())).convert("RGB")
        height = round(frame.height * WALK_WIDTH / frame.width)
        self._frames.append((frame.resize((WALK_WIDTH, height), Image.Resampling.LANCZOS), milliseconds))

    def press(self, part: Locator) -> None:
        """Click an element; a ring around it shows where."""
        part.evaluate(RING)
        self.look(SHORT_MS)
        part.evaluate(NO_RING)
        part.click()

    def save(self, path: Path) -> None:
        (first, _), *others = self._frames
        durations = [milliseconds for _, milliseconds in self._frames]
        further = [frame for frame, _ in others]
        first.save(path, save_all=True, append_images=further, duration=durations, loop=0, quality=80, method=6)


def open_page(browser: Browser, address: str, *, phone: bool = False) -> Page:
    width, height = (PHONE_WIDTH, PHONE_HEIGHT) if phone else (WIDTH, HEIGHT)
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.get_by_role("tab").first.wait_for()
    return page


def tab(page: Page, panel: str) -> Locator:
    return page.get_by_role("tab", name=translate_to("en", f"tab_{panel}")).locator("visible=true")


def wait_for_result(page: Page, elem_id: str) -> None:
    page.locator(f"#{elem_id} a[download]").wait_for()
    page.wait_for_timeout(1500)  # until its waveform is drawn and notices have disappeared


def save_picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Reduce it to 256 colours; a page has hardly more."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = Image.open(BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def make_cover(page: Page, walk: Walk) -> str:
    """Make a cover of the example song; return the address that finds it again."""
    walk.look()
    walk.press(tab(page, "cover"))
    walk.look(SHORT_MS)
    walk.press(page.locator("#cover-song-example"))
    page.locator("#cover-song [data-testid^=waveform]").first.wait_for()
    walk.look()
    walk.press(page.locator("#cover-voice input"))
    walk.look(SHORT_MS)
    page.get_by_role("option", name="Annie").click()
    walk.press(page.locator("#cover"))
    for _ in range(3):
        page.wait_for_timeout(700)
        walk.look(SHORT_MS)
    wait_for_result(page, "cover-result")
    page.locator("#cover-key-picture img").wait_for()
    walk.look(2 * LONG_MS)
    save_picture(page, "cover")
    return page.url


def add_emotion(page: Page, walk: Walk) -> None:
    """Send the cover's vocals to the tab “Add emotion”."""
    page.locator("#cover-parts button").first.click()
    page.locator("#cover-vocals-to-add_emotion").scroll_into_view_if_needed()
    walk.press(page.locator("#cover-vocals-to-add_emotion"))
    page.locator("#emotion-voice [data-testid^=waveform]").first.wait_for()
    walk.look()
    walk.press(page.locator("#emotion"))
    wait_for_result(page, "emotion-result")
    walk.look(2 * LONG_MS)


def picture_of(page: Page, panel: str, start: str, result: str) -> None:
    """Screenshot of a tab with the result for its example."""
    tab(page, panel).click()
    page.locator(".other-sources button:visible").first.click()
    page.locator("[data-testid^=waveform]:visible").first.wait_for()
    page.click(f"#{start}")
    wait_for_result(page, result)
    save_picture(page, panel)


@contextmanager
def served() -> Iterator[str]:
    suite = build_suite()
    try:
        yield launch(suite)
    finally:
        suite.close()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = open_page(browser, f"{address}?__theme=light")
        page.locator(".way a:not(:empty)").first.wait_for()
        save_picture(page, "start")
        walk = Walk(page)
        cover_address = make_cover(page, walk)
        add_emotion(page, walk)
        walk.save(FOLDER / "walk.webp")
        picture_of(page, "separate_vocals", "separate", "vocals")
        picture_of(page, "convert_singer", "convert", "converted")
        phone = open_page(browser, cover_address.replace("__theme=light", "__theme=dark"), phone=True)
        wait_for_result(phone, "cover-result")
        phone.locator("#cover-key-picture").evaluate("(picture) => picture.scrollIntoView({ block: 'end' })")
        save_picture(phone, "cover_on_a_phone", whole=False)
        browser.close()


if __name__ == "__main__":
    main()
