"""A suite of one tab in a real browser: it is there sooner than all of them."""

from contextlib import contextmanager

from browser.test_pages import DESKTOP, LOADED, LOCAL, watch_page

from vc_core.ui.suite import build_suite, launch


@contextmanager
def open_panel(chromium, panel, *, size=DESKTOP, theme="light", language="en-US"):
    """The page; afterwards its console must hold no error, and nothing may have left the machine."""
    complaints, requests = [], []
    suite = build_suite([panel])
    context = chromium.new_context(viewport=size, locale=language, accept_downloads=True)
    try:
        page = context.new_page()
        watch_page(page, complaints, requests)
        page.goto(f"{launch(suite)}?__theme={theme}")
        page.locator(".about").first.wait_for(timeout=90_000)
        page.wait_for_function(LOADED, timeout=90_000)
        yield page
    finally:
        context.close()
        suite.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(LOCAL)] == []
