"""Every tab fits, speaks the visitor's language, and axe-core finds nothing serious on it."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from _pytest.mark import ParameterSet
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, open_tab, visit  # noqa: F401 - the fixtures
from conftest import CHROMIUM, ROOT

from vc_core.ui.suite import PANELS
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

GRAVE = ("serious", "critical")


def faults(page) -> list[str]:
    """What axe-core holds for serious or worse, with everything unfolded: what is hidden is not looked at."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('button.label-wrap:not(.open)').forEach((fold) => fold.click())")
    page.wait_for_timeout(300)  # until nothing fades in any more
    page.wait_for_function("!document.querySelector('[data-state=loading]')")  # the live panel loads its script
    return [
        f"{fault['id']} at {node['target']}: {node['failureSummary']}"
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def looks() -> Iterator[ParameterSet]:
    """Every combination; but for two, which have every value, they are slow tests."""
    defaults = ("desktop", "light", "en-US"), ("phone", "dark", "ko-KR")
    for names in product(*zip(*defaults, strict=True)):
        yield pytest.param(*names, id="-".join(names), marks=() if names in defaults else pytest.mark.slow)


@pytest.mark.parametrize(("device", "theme", "language"), looks())
def test_every_tab_fits_speaks_the_visitors_language_and_has_no_serious_fault(visit, studio, device, theme, language):  # noqa: F811
    page = visit(address=studio, size={"desktop": DESKTOP, "phone": PHONE}[device], theme=theme, language=language)
    assert page.evaluate("document.documentElement.lang") == language[:2]  # what a screen reader speaks in
    found = []
    for name in PANELS:
        open_tab(page, translate_to(language[:2], f"tab_{name}"))
        page.locator(".tabitem:visible .about").first.wait_for()
        if name == "voices":
            page.locator("#voice-cards h3").first.wait_for()
        check_text(page, name, language[:2])
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if SCREENSHOTS:
            page.screenshot(path=f"{SCREENSHOTS}/{name}-{device}-{theme}-{language}.png", full_page=True)
        found += faults(page)
    open_tab(page, translate_to(language[:2], "tab_train_voice"))
    page.set_input_files("#train-files input[type=file]", ROOT / "examples" / "spoken_line.flac")
    page.locator("#train-files").get_by_text("spoken_line").wait_for()
    for step in (1, 2):  # its steps are shown one at a time
        page.click(f"#train-next-{step}")
        found += faults(page)
    assert found == []


def check_text(page, name: str, language: str) -> None:
    # What cards say is in the language of their makers. Both are read in one step: cards are drawn anew.
    shown = page.locator(".tabitem:visible").first.evaluate(
        "tab => tab.innerText.replace(tab.querySelector('#voice-cards')?.innerText ?? '', '')"
    )
    assert len(shown) > 80
    assert translate_to(language, f"{name}_about") in shown
    assert not re.search(r"__i18n__|translation_metadata|undefined|None|\[object", shown)
    if language == "ko":
        latin = re.sub(r"WAV|FLAC|MP3|OGG|M4A|WebM|MP4|MKV|GB|Hugging Face Hub|Hub|so-vits-svc|zip|AI", "", shown)
        assert not re.search("[A-Za-z]{4,}", latin), latin


def test_a_fault_would_be_found(visit):  # noqa: F811
    page = visit()
    page.add_style_tag(content=".hint p { color: #94a3b8 !important; }")
    page.locator("#song-example").evaluate("button => button.replaceChildren()")
    assert {fault.split()[0] for fault in faults(page)} == {"color-contrast", "button-name"}
