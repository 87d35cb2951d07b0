"""Nobody is barred: axe-core finds nothing serious on any tab, light and dark, in English and Korean."""

import pytest
from browser.test_pages import DESKTOP, PHONE, open_tab, visit  # noqa: F401 - the fixtures
from conftest import CHROMIUM

from vc_core.ui.suite import PANELS
from vc_core.ui.words import WORDS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

GRAVE = ("serious", "critical")


def faults(page) -> list[str]:
    """What axe-core holds for serious or worse, with everything unfolded: what is hidden is not looked at."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('button.label-wrap:not(.open)').forEach((fold) => fold.click())")
    page.wait_for_timeout(300)  # until nothing fades in any more
    return [
        f"{fault['id']} at {node['target']}: {node['failureSummary']}"
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [
        (DESKTOP, "light", "en-US"),
        pytest.param(DESKTOP, "dark", "en-US", marks=pytest.mark.slow),
        (PHONE, "dark", "ko-KR"),
    ],
    ids=["light", "dark", "phone-korean"],
)
def test_no_tab_has_a_serious_fault(visit, size, theme, language):  # noqa: F811
    page = visit(size=size, theme=theme, language=language)
    assert page.evaluate("document.documentElement.lang") == language[:2]  # what a screen reader speaks in
    found = []
    for name in PANELS:
        open_tab(page, WORDS[f"tab_{name}"][language == "ko-KR"])
        found += faults(page)
    open_tab(page, WORDS["tab_train_voice"][language == "ko-KR"])
    for step in (1, 2):  # its steps are shown one at a time
        page.click(f"#train-next-{step}")
        found += faults(page)
    assert found == []


def test_a_fault_would_be_found(visit):  # noqa: F811
    page = visit()
    page.add_style_tag(content=".hint p { color: #94a3b8 !important; }")
    page.locator("#song-example").evaluate("button => button.replaceChildren()")
    assert {fault.split()[0] for fault in faults(page)} == {"color-contrast", "button-name"}
