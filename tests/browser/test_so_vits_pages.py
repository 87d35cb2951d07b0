"""The tutorial's journey in a browser: a so-vits-svc model from the Hub, over a connection that breaks, then a song."""

import re

import pytest
from browser.test_pages import PHONE, SCREENSHOTS, downloads, open_tab, sound_at, toast, visit  # noqa: F401
from conftest import CHROMIUM, ROOT
from conversion.so_vits_maker import write_checkpoint, write_content_vec
from hub_server import Fault, Repo

from vc_core.reading import read_audio
from vc_core.report_card import MEASURES
from vc_core.ui.words import WORDS
from vc_core.voices import VoiceLibrary, voices_home
from vc_core.writing import write_audio

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def repo(hub, tmp_path):
    generator = write_checkpoint(tmp_path / "repo", "upstream 4.0", step=106_000)
    content, config = generator.read_bytes(), generator.with_name("config.json").read_bytes()
    hub.repos["me/drake"] = Repo({"G_106000.pth": content, "G_98400.pth": content, "config.json": config})
    yield hub
    library = VoiceLibrary(voices_home())
    for voice in library.list():
        library.delete(voice.name)


def picture(page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/so-vits-{name}.png", full_page=True)


@pytest.mark.slow
def test_a_model_of_the_hub_is_brought_in_and_sings(visit, repo, tmp_path):  # noqa: F811
    write_content_vec()
    repo.faults = [Fault("G_106000.pth", "rst", after_bytes=20_000)]
    sung = read_audio(ROOT / "examples" / "sung_line.flac")
    write_audio(tmp_path / "line.flac", sung.between(sung.sample_rate, 2 * sung.sample_rate))
    page = visit()
    open_tab(page, "Convert singer")
    assert page.locator("#so-vits-settings").is_hidden()
    page.click("#bring_so_vits")
    page.fill("#so-vits-repo input, #so-vits-repo textarea", f"{repo.url}/me/drake")
    page.click("#so-vits-look")
    page.locator("#take_in").wait_for()
    picture(page, "looked-over")
    page.locator("#so-vits-kmeans").wait_for(state="hidden", timeout=5_000)
    assert page.locator("#so-vits-checkpoint input").input_value() == "G_106000.pth"
    page.click("#take_in")
    assert "Choose one of the checkpoint's singers: singer, other" in toast(page)
    page.click("#so-vits-own-singer input")
    page.get_by_role("option", name="“other”").click()
    page.get_by_label(WORDS["consent_permission"][0]).click()
    page.fill("#so-vits-licence input, #so-vits-licence textarea", "CC-BY-4.0")
    page.wait_for_function("!document.querySelector('#take_in').disabled")
    page.click("#take_in")
    page.locator("#so-vits-said").get_by_text("“drake” has been added").wait_for(timeout=60_000)
    page.locator("#voice-cards h3", has_text="drake").wait_for()
    picture(page, "taken-in")
    open_tab(page, "Convert singer")
    page.wait_for_timeout(500)
    page.click("#singer input")
    page.get_by_role("option", name="drake · so-vits-svc").click()
    page.locator(".tabitem:visible").get_by_text("Advanced", exact=True).click()
    page.locator("#so-vits-settings").wait_for()
    assert page.locator("#so-vits-singer input").input_value() == "“other”"
    assert page.locator("#so-vits-clusters").is_hidden()
    page.set_input_files("#singing input[type=file]", tmp_path / "line.flac")
    page.locator("#singing").get_by_text("0:01").wait_for()
    page.click("#convert")
    page.locator("#converted a[download]").wait_for(timeout=120_000)
    (result,) = downloads(page, "converted")
    assert sound_at(result, tmp_path).frames == sung.sample_rate
    assert page.locator("#report-card tbody tr").count() == len(MEASURES)
    picture(page, "sung")


def test_on_a_phone_in_korean_the_form_fits_and_speaks_korean(visit, repo):  # noqa: F811
    page = visit(size=PHONE, language="ko-KR", theme="dark")
    open_tab(page, WORDS["tab_convert_singer"][1])
    page.click("#bring_so_vits")
    page.fill("#so-vits-repo input, #so-vits-repo textarea", "me/drake")
    page.click("#so-vits-look")
    page.locator("#take_in").wait_for()
    shown = page.locator("#so-vits-import").inner_text()
    assert WORDS["consent_permission"][1] in shown
    latin = re.sub(r"so-vits-svc|Hugging Face Hub|owner/name|G_…\.pth|config\.json|AI", "", shown)
    assert not re.search("[A-Za-z]{4,}", latin), latin
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    picture(page, "phone-korean")
