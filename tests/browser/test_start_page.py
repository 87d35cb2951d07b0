"""The start page in a real browser: the example plays at the first click, and each step opens its tab."""

import pytest
from browser.test_pages import DESKTOP, PHONE, visit  # noqa: F401 - the fixture
from conftest import CHROMIUM
from playwright.sync_api import expect

from vc_core.ui.start.panel import STEPS
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

PLAYS = """(step) => {
  const { src, paused, currentTime } = document.querySelector(".way").sound
  return src.endsWith(`/example/${step}.mp3`) && !paused && currentTime > 0.2
}"""
SKIP_TO_THE_END = """() => {
  const { sound } = document.querySelector(".way")
  sound.currentTime = sound.duration - 0.1
}"""
START_OF_FOCUS = "document.activeElement.closest('[role=tabpanel]')?.innerText.trim()"


def open_start(visit, studio, **options):  # noqa: F811
    page = visit(address=studio, **options)
    page.locator(".way a:not(:empty)").first.wait_for()
    return page


@pytest.mark.parametrize(
    ("size", "theme", "language"), [(DESKTOP, "light", "en-US"), (PHONE, "dark", "ko-KR")], ids=["desktop", "phone"]
)
def test_the_first_click_plays_the_example_step_by_step(visit, studio, size, theme, language):  # noqa: F811
    page = open_start(visit, studio, size=size, theme=theme, language=language)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_role("button", name=translate_to(language[:2], "start_hear"), exact=True).click()
    for step in STEPS:
        page.wait_for_function(PLAYS, arg=step)
        expect(page.locator(".way li[aria-current]")).to_have_attribute("data-step", step)
        assert translate_to(language[:2], f"start_{step}") in page.locator(".way [role=status]").inner_text()
        page.evaluate(SKIP_TO_THE_END)
    expect(page.locator(".way li[aria-current]")).to_have_count(0)
    assert {url.rsplit("/", 1)[1] for url in requests if "/example/" in url} == {f"{step}.mp3" for step in STEPS}
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_one_step_can_be_heard_alone_and_stopped(visit, studio):  # noqa: F811
    page = open_start(visit, studio)
    page.get_by_role("button", name="Hear: Convert").click()
    page.wait_for_function(PLAYS, arg="convert")
    page.evaluate(SKIP_TO_THE_END)
    expect(page.locator(".way li[aria-current]")).to_have_count(0)
    page.get_by_role("button", name="Hear: Mix").click()
    page.wait_for_function(PLAYS, arg="mix")
    page.locator(".way li[data-step=mix]").get_by_role("button", name="Stop").click()
    assert page.evaluate("document.querySelector('.way').sound.paused")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_opens_its_tab_by_keyboard_and_takes_the_focus_there(visit, studio, step):  # noqa: F811
    page = open_start(visit, studio, size=PHONE)
    page.locator(f".way li[data-step={step}] a").focus()
    page.keyboard.press("Enter")
    about = translate_to("en", f"{STEPS[step]}_about")
    page.get_by_text(about, exact=True).locator("visible=true").wait_for()
    page.wait_for_function(f"(about) => {START_OF_FOCUS}?.startsWith(about)", arg=about)
    assert page.evaluate("scrollY") == 0


def test_a_link_to_another_tab_still_opens_that_tab(visit, studio):  # noqa: F811
    page = visit(address=f"{studio}?tab=add_emotion")
    page.get_by_text(translate_to("en", "add_emotion_about"), exact=True).locator("visible=true").wait_for()
    assert page.locator(".way").is_hidden()
