"""The tutorial's journey in a browser: a so-vits-svc model from the Hub, over a connection that breaks, then a song."""

import re

import pytest
from browser.test_pages import PHONE, SCREENSHOTS, convert_a_second, open_tab, toast, visit  # noqa: F401
from conftest import CHROMIUM
from conversion.so_vits_maker import write_checkpoint, write_content_vec
from hub_server import Fault, Repo

from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def repo(hub, tmp_path):
    generator = write_checkpoint(tmp_path / "repo", "upstream 4.0", step=106_000)
    content, config = generator.read_bytes(), generator.with_name("config.json").read_bytes()
    hub.repos["me/drake"] = Repo({"G_106000.pth": content, "G_98400.pth": content, "config.json": config})
    yield hub
    library = VoiceLibrary(get_voices_folder())
    for voice in library.list():
        library.delete(voice.name)


def take_screenshot(page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/so-vits-{name}.png", full_page=True)


def inspect_repo(page, name: str) -> None:
    page.click("#import_model")
    # The cards come above the form: a button that moves between mouse down and mouse up gets no click.
    page.locator("#voice-cards h3").first.wait_for()
    page.fill("#model-repo input, #model-repo textarea", name)
    page.click("#model-look")
    shown = page.locator("#take_in")
    shown.or_(page.locator("[data-testid=toast-body]")).first.wait_for(timeout=60_000)
    assert shown.is_visible(), toast(page)


@pytest.mark.slow
def test_a_model_of_the_hub_is_brought_in_and_sings(visit, repo, tmp_path):  # noqa: F811
    write_content_vec()
    repo.faults = [Fault("G_106000.pth", "rst", after_bytes=20_000)]
    page = visit()
    open_tab(page, "Convert singer")
    assert page.locator("#so-vits-settings").is_hidden()
    inspect_repo(page, f"{repo.url}/me/drake")
    take_screenshot(page, "looked-over")
    page.locator("#model-clusters").wait_for(state="hidden", timeout=5_000)
    assert page.locator("#model-checkpoint input").input_value() == "G_106000.pth"
    page.click("#take_in")
    assert "Choose one of the checkpoint's singers: singer, other" in toast(page)
    page.click("#model-own-singer input")
    page.get_by_role("option", name="“other”").click()
    page.get_by_label(translate_to("en", "consent_permission")).click()
    page.fill("#model-licence input, #model-licence textarea", "CC-BY-4.0")
    page.wait_for_function("!document.querySelector('#take_in').disabled")
    page.click("#take_in")
    page.locator("#model-said").get_by_text("“drake” has been added").wait_for(timeout=60_000)
    page.locator("#voice-cards h3", has_text="drake").wait_for()
    take_screenshot(page, "taken-in")
    open_tab(page, "Convert singer")
    page.wait_for_timeout(500)
    page.click("#singer input")
    page.get_by_role("option", name="drake · so-vits-svc").click()
    page.locator(".tabitem:visible").get_by_text("Advanced", exact=True).click()
    page.locator("#so-vits-settings").wait_for()
    assert page.locator("#so-vits-singer input").input_value() == "“other”"
    assert page.locator("#so-vits-clusters").is_hidden()
    convert_a_second(page, tmp_path)
    take_screenshot(page, "sung")


def test_on_a_phone_in_korean_the_form_fits_and_speaks_korean(visit, repo):  # noqa: F811
    page = visit(size=PHONE, language="ko-KR", theme="dark")
    open_tab(page, translate_to("ko", "tab_convert_singer"))
    inspect_repo(page, "me/drake")
    shown = page.locator("#model-import").inner_text()
    assert translate_to("ko", "consent_permission") in shown
    latin = re.sub(r"so-vits-svc|RVC|zip|\.pth|\.index|Hugging Face Hub|owner/name|G_…\.pth|config\.json|AI", "", shown)
    assert not re.search("[A-Za-z]{4,}", latin), latin
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    take_screenshot(page, "phone-korean")
