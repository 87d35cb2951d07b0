"""The way of an RVC voice in a browser: from the local Hub to a conversion with its report card, and to a cover."""

import io
import zipfile

import pytest
import torch
from browser.test_cover_pages import choose_song, tune  # noqa: F401
from browser.test_pages import convert_a_second, downloads, open_tab, sound_at, toast, visit  # noqa: F401
from browser.test_so_vits_pages import inspect_repo
from conftest import CHROMIUM, ROOT
from conversion.rvc_maker import Kind, export_of
from conversion.so_vits_maker import write_content_vec
from hub_server import Repo

from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture
def repo(hub):
    checkpoint, archive = io.BytesIO(), io.BytesIO()
    torch.save(export_of(Kind("v2", "40k")), checkpoint)
    index = (ROOT / "tests" / "data" / "rvc" / "v2.index").read_bytes()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Ann/Ann_e200.pth", checkpoint.getvalue())
        packed.writestr("Ann/added_IVF4_Flat_nprobe_1_Ann_v2.index", index)
        packed.writestr("Ann/other.index", index)
    hub.repos["me/ann"] = Repo({"README.md": b"#", "Ann.zip": archive.getvalue()})
    write_content_vec()
    yield hub
    library = VoiceLibrary(get_voices_folder())
    for voice in library.list():
        library.delete(voice.name)


def state_whose_voice_it_is(page) -> None:
    page.get_by_label(translate_to("en", "consent_permission")).click()
    page.fill("#model-licence input, #model-licence textarea", "openrail")
    page.wait_for_function("!document.querySelector('#take_in').disabled")
    page.click("#take_in")
    page.locator("#model-said").get_by_text("“ann” has been added").wait_for(timeout=60_000)
    page.get_by_role("heading", name="ann", exact=True).wait_for()


def choose_voice(page, picker: str) -> None:
    page.wait_for_timeout(500)
    page.click(f"{picker} input")
    page.get_by_role("option", name="ann · RVC").locator("visible=true").click()


@pytest.mark.slow
def test_a_voice_in_a_zip_file_of_the_hub_is_imported_and_converts(visit, repo, tmp_path):  # noqa: F811
    page = visit()
    open_tab(page, "Convert singer")
    assert page.locator("#rvc-settings").is_hidden()
    inspect_repo(page, "me/ann")
    page.locator("#model-index").wait_for()
    assert "nprobe_1_Ann" in page.locator("#model-index input").input_value()
    assert page.locator("#model-own-singer").is_hidden()
    page.click("#take_in")
    assert "does not say whose voice it is" in toast(page)
    state_whose_voice_it_is(page)
    open_tab(page, "Convert singer")
    choose_voice(page, "#singer")
    page.locator(".tabitem:visible").get_by_text("Advanced", exact=True).click()
    page.locator("#rvc-settings").wait_for()
    page.locator("#rvc-retrieval").wait_for()
    assert page.locator("#so-vits-settings").is_hidden()
    convert_a_second(page, tmp_path)
    page.locator("#converted").get_by_text("0:01").wait_for()  # the player has loaded it
    # The vectors of that index are random, and those of ContentVec are not.
    assert "The index of “ann” does not fit" in page.locator("#convert-notes").inner_text()


@pytest.mark.slow
def test_a_cover_is_sung_by_it_in_the_key_that_is_proposed(visit, repo, tune, tmp_path):  # noqa: F811
    page = visit()
    open_tab(page, "Convert singer")
    inspect_repo(page, "me/ann")
    page.locator("#model-index").wait_for()
    state_whose_voice_it_is(page)
    open_tab(page, translate_to("en", "tab_cover"))
    choose_song(page, tune)
    choose_voice(page, "#cover-voice")
    page.click("#cover_check")
    page.locator("#cover-key-picture img").wait_for(timeout=120_000)
    assert translate_to("en", "key_legend") in page.locator("#cover-notes").inner_text()
    page.click("#cover")
    page.locator("#cover-result a[download]").wait_for(timeout=240_000)
    (cover,) = downloads(page, "cover-result")
    assert sound_at(cover, tmp_path).frames == 4 * 44_100
