"""What a visitor does, in a real browser: on a desktop and a phone, light and dark, in English and Korean."""

import os
import re
import urllib.request
import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from conftest import CHROMIUM, ROOT
from media import encode
from voice_maker import add_voice

from vc_core.audio import Audio
from vc_core.conversion.report_card import MEASURES
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.separation.spleeter.layouts import MODELS
from vc_core.separation.spleeter.sources import get_weights_path
from vc_core.separation.spleeter.weights import convert_checkpoint
from vc_core.ui.suite import PANELS, build_suite, launch
from vc_core.ui.widgets.controls import make_player, make_sound_input
from vc_core.ui.widgets.tab_links import TabLinks
from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder
from vc_core.voices.sharing import export_zip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOADED = "[...document.querySelectorAll('.job [role=progressbar]')].every((bar) => bar.getAttribute('aria-label'))"
"""What the page sets at its start has arrived."""
LOCAL = ("http://127.0.0.1", "http://localhost", "data:", "blob:")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder to leave pictures of every tab in, for people to look at."""


@pytest.fixture
def visit(chromium, studio):
    """Open the app as a visitor, at its first task unless the address says otherwise.

    Afterwards the console must hold no error, and nothing may have left the machine.
    """
    contexts, complaints, requests = [], [], []
    first_task = f"{studio}?tab=separate_vocals"

    def open_page(*, address=first_task, size=DESKTOP, theme="light", language="en-US"):
        context = chromium.new_context(viewport=size, locale=language, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        watch_page(page, complaints, requests)
        page.goto(f"{address}{'&' if '?' in address else '?'}__theme={theme}")
        page.get_by_role("tab").first.wait_for()
        page.wait_for_function("document.querySelectorAll('button').length > 5")
        if address == first_task:
            page.locator("#song").wait_for()
        page.wait_for_function(LOADED)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if "Waveform load error" not in text] == []  # a bad file can't be drawn
    assert [url for url in requests if not url.startswith(LOCAL)] == []


def watch_page(page, complaints: list[str], requests: list[str]) -> None:
    """Note the errors of its console, and what it asks for."""
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))


def downloads(page, *elements: str) -> list[str]:
    """The addresses of finished results."""
    for element in elements:
        page.locator(f"#{element} a[download]").wait_for(timeout=60_000)
    return [page.locator(f"#{element} a[download]").get_attribute("href") for element in elements]


def open_tab(page, label: str) -> None:
    """On a phone, those for which there is no room are behind the three dots."""
    tab = page.get_by_role("tab", name=label).locator("visible=true")
    if tab.count() == 0:
        page.locator(".overflow-menu > button").click()
        tab = page.locator(".overflow-dropdown button", has_text=label)
    tab.click()


def convert_a_second(page, tmp_path) -> None:
    """Of the sung line, in the voice that is chosen; the result is as long, and has a report card."""
    sung = read_audio(ROOT / "examples" / "sung_line.flac")
    write_audio(tmp_path / "line.flac", sung.slice(sung.sample_rate, 2 * sung.sample_rate))
    page.set_input_files("#singing input[type=file]", tmp_path / "line.flac")
    page.locator("#singing").get_by_text("0:01").wait_for()
    page.click("#convert")
    page.locator("#converted a[download]").wait_for(timeout=120_000)
    (result,) = downloads(page, "converted")
    assert sound_at(result, tmp_path).frames == sung.sample_rate
    assert page.locator("#report-card tbody tr").count() == len(MEASURES)


def toast(page) -> str:
    body = page.locator("[data-testid=toast-body]").first
    body.wait_for(timeout=30_000)
    return body.inner_text()


def choose_file(page, elem_id: str, path: Path) -> None:
    """Upload a file. While it is uploaded its name is shown too, but elsewhere."""
    page.set_input_files(f"#{elem_id} input[type=file]", path)
    page.locator(f"#{elem_id} .filename[aria-label='{path.name}']").wait_for()


def sound_at(address: str, folder: Path) -> Audio:
    with urllib.request.urlopen(address) as answer:
        path = folder / address.rsplit("/", 1)[1]
        path.write_bytes(answer.read())
    return read_audio(path)


def test_from_the_example_to_two_stems(visit, tmp_path, song):
    page = visit()
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    page.click("#separate")
    vocals, accompaniment = (sound_at(address, tmp_path) for address in downloads(page, "vocals", "accompaniment"))
    np.testing.assert_allclose(vocals.samples + accompaniment.samples, song.samples, atol=1e-5)
    page.locator("#vocals").get_by_text("0:24").wait_for()
    assert "preview" in page.locator("#separate-notes").inner_text()
    assert page.locator("#separate-stop").is_hidden()
    with page.expect_download() as download:
        page.locator("#vocals a[download]").click()
    assert download.value.suggested_filename == "song - vocals.flac"


@pytest.fixture
def four_stems():
    """Tiny weights in the genuine format, where an installed model would be."""
    target = get_weights_path(4)
    convert_checkpoint(ROOT / "tests" / "data" / "spleeter" / "4stems" / "model", MODELS[4], target)
    yield
    target.unlink()


def test_fifteen_seconds_into_four_parts_with_pictures_and_a_zip(visit, tmp_path, four_stems):
    page = visit()
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    assert page.locator("#stems").is_hidden()  # the preview knows two
    page.get_by_label(translate_to("en", "engine")).first.click()
    page.get_by_role("option", name="Spleeter", exact=True).click()
    page.wait_for_function("document.querySelectorAll('#stems input').length === 3")  # they move when the others go
    page.locator("#stems").get_by_text("4", exact=True).click()
    page.wait_for_function("document.querySelector('#stems input:checked').value === '4'")
    page.click("#preview")
    stems = downloads(page, "vocals", "drums", "bass", "other")
    assert {sound_at(stem, tmp_path).frames for stem in stems} == {15 * 44_100}
    page.locator("#pictures img").nth(4).wait_for()
    assert page.locator("#accompaniment").is_hidden()
    assert page.locator("#piano").is_hidden()
    with page.expect_download() as download:
        page.locator("#all-stems a[download]").first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == [f"song - {name}.flac" for name in ("bass", "drums", "other", "vocals")]


def test_vocals_are_sent_on_and_become_sad_in_five_steps(visit, tmp_path, song):
    write_audio(tmp_path / "tune.wav", song.slice(0, 4 * 44_100), format_name="wav16")
    page = visit()
    page.set_input_files("#song input[type=file]", tmp_path / "tune.wav")
    page.locator("#song").get_by_text("0:04").wait_for()
    page.click("#separate")
    downloads(page, "vocals")
    page.click("#vocals-to-add_emotion")
    page.locator("#emotion-voice").get_by_text("0:04").wait_for()
    page.get_by_label(translate_to("en", "emotion_wanted"), exact=True).click()
    page.get_by_role("option", name="Sad", exact=True).click()
    page.click("#emotion")
    (result,) = downloads(page, "emotion-result")
    assert sound_at(result, tmp_path).seconds > 4.1  # sadness is slow
    page.get_by_text("grey before, green after").wait_for()
    page.click("#emotion_steps")
    first, *_, last = downloads(page, "step-0", "step-25", "step-50", "step-75", "step-100")
    assert sound_at(first, tmp_path).frames == 4 * 44_100
    assert sound_at(last, tmp_path).frames > 4.1 * 44_100


def test_a_sung_line_in_another_voice_with_its_report_card_and_on_to_emotion(visit, tmp_path):
    page = visit()
    open_tab(page, "Convert singer")
    page.get_by_text("at home from").wait_for()
    page.click("#singing-example")
    page.locator("#singing").get_by_text("0:06").wait_for()
    page.click("#singer input")
    page.get_by_role("option", name="Annie · instant").click()
    page.click("#convert")
    (result,) = downloads(page, "converted")
    assert result.endswith("annie.flac")
    assert sound_at(result, tmp_path).frames == read_audio(ROOT / "examples" / "sung_line.flac").frames
    page.locator("#melodies img").wait_for()
    assert page.locator("#report-card tbody tr").count() == len(MEASURES)
    assert "grey is the original" in page.locator("#convert-notes").inner_text()
    assert page.locator("#convert-stop").is_hidden()
    page.click("#converted-to-add_emotion")
    page.locator("#emotion-voice").get_by_text("0:06").wait_for()


def test_a_typed_text_is_heard_in_korean(visit, tmp_path):
    page = visit(language="ko-KR", size=PHONE, theme="dark")
    open_tab(page, translate_to("ko", "tab_convert_singer"))
    page.get_by_text(translate_to("ko", "speak_about")).click()
    page.click("#speak")
    assert "먼저 텍스트를 입력하세요" in toast(page)
    page.fill("#text textarea", "안녕하세요, 반갑습니다.")
    page.wait_for_function("!document.querySelector('#speak').disabled")
    page.click("#speak")
    (result,) = downloads(page, "converted")
    assert 1.0 < sound_at(result, tmp_path).seconds < 5.0
    page.locator("#report-card").get_by_text(translate_to("ko", "report_voicing_error")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_upload_is_separated_into_the_format_that_was_chosen(visit, tmp_path, tone):
    write_audio(tmp_path / "tune.mp3", tone(seconds=3, channels=2), format_name="mp3")
    page = visit()
    page.set_input_files("#song input[type=file]", tmp_path / "tune.mp3")
    page.locator("#song").get_by_text("0:03").wait_for()
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label(translate_to("en", "format")).click()
    page.get_by_role("option", name="WAV, 16 bit").click()
    page.click("#separate")
    (vocals,) = downloads(page, "vocals")
    assert vocals.endswith("vocals.wav")
    assert sound_at(vocals, tmp_path).seconds == pytest.approx(3.0, abs=1e-4)


def test_the_sound_of_a_video_is_taken(visit, tmp_path, tone):
    video = encode(tmp_path / "film.mp4", tone(seconds=3, sample_rate=48_000, channels=2), video=True)
    page = visit()
    with page.expect_file_chooser() as chooser:
        page.click("#song-video")
    chooser.value.set_files(video)
    page.locator("#song").get_by_text("0:03").wait_for()


def test_a_bad_file_is_answered_with_a_sentence_and_the_page_goes_on(visit, tmp_path):
    (tmp_path / "x.wav").write_text("no sound at all")
    page = visit()
    page.set_input_files("#song input[type=file]", tmp_path / "x.wav")
    page.click("#separate")
    assert "This is not a sound file" in toast(page)
    page.wait_for_function("!document.querySelector('#separate').disabled")


@pytest.mark.slow
def test_nothing_chosen_is_answered_with_a_sentence(visit):
    page = visit()
    page.click("#separate")
    assert "Choose a song first" in toast(page)


def test_stop_really_stops_and_the_next_song_runs(visit, tmp_path, song):
    write_audio(tmp_path / "long.wav", song.with_samples(np.tile(song.samples, 5)), format_name="wav16")
    page = visit()
    page.set_input_files("#song input[type=file]", tmp_path / "long.wav")
    page.locator("#song").get_by_text(re.compile("2:0[01]")).wait_for()
    page.click("#separate")
    page.get_by_text(re.compile(r"0:\d\d / 2:0[01]")).first.wait_for(timeout=30_000)
    page.click("#separate-stop")
    page.locator("#separate-stop").wait_for(state="hidden", timeout=15_000)
    assert page.locator("#vocals a[download]").count() == 0
    page.locator("#song").get_by_label("Remove Audio").or_(page.locator("#song [aria-label=Clear]")).first.click()
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    page.click("#separate")
    downloads(page, "vocals", "accompaniment")  # it waits for the first one if that goes on


@pytest.fixture
def no_voices():
    """But for those that come with the app."""
    library = VoiceLibrary(get_voices_folder())
    for voice in library.list():
        library.delete(voice.name)
    yield library
    for voice in library.list():
        library.delete(voice.name)


def test_a_voice_is_added_checked_chosen_and_deleted(visit, tmp_path, no_voices):
    archive = export_zip(add_voice(VoiceLibrary(tmp_path / "elsewhere")), tmp_path / "alto.zip")
    page = visit()
    open_tab(page, "Voices")
    page.locator("#voice-cards h3", has_text="Clara").wait_for()
    assert page.locator("#delete-voice").is_hidden()
    page.get_by_text("Add a voice", exact=True).click()
    page.locator("#voice-add").wait_for()
    choose_file(page, "voice-zip", archive)
    page.click("#voice-add")
    page.locator("#voice-cards h3", has_text="Alto").wait_for()
    assert "165–660 Hz" in page.locator("#voice-cards").inner_text()
    page.get_by_label(translate_to("en", "choose_voice"), exact=True).click()
    page.get_by_role("option", name="Alto").click()
    page.get_by_role("button", name="Check its files").click()
    page.get_by_text("“Alto” is sound").wait_for()
    open_tab(page, "Convert singer")
    page.wait_for_timeout(500)
    page.click("#singer input")
    page.get_by_role("option", name="Alto · instant").wait_for()
    open_tab(page, "Voices")
    page.click("#delete-voice")
    page.click("#delete-sure")
    page.locator("#voice-cards h3", has_text="Alto").wait_for(state="detached")
    assert page.locator("#voice-cards h3", has_text="Clara").is_visible()
    assert no_voices.list() == []


def test_a_voices_card_cannot_carry_a_program_into_the_page(visit, no_voices):
    evil = "<img src=x onerror='document.title=1'>"
    add_voice(no_voices, evil, origin=evil, licence=evil, engine=evil)
    page = visit()
    open_tab(page, "Voices")
    page.locator("#voice-cards h3", has_text="<img").wait_for()
    assert page.locator("#voice-cards img").count() == 0
    assert page.title() == "Voice Studio"


@pytest.mark.parametrize("name", ["![x](http://127.0.0.1:1/x.png)", "<img src=http://127.0.0.1:1/x.png>"])
def test_a_voices_name_shows_no_picture_in_messages_and_toasts(visit, no_voices, name):
    voice = add_voice(no_voices, name)
    page = visit()
    open_tab(page, "Voices")
    page.get_by_label(translate_to("en", "choose_voice"), exact=True).click()
    page.get_by_role("option", name=name).click()
    page.get_by_role("button", name="Check its files").click()
    page.locator("#voice-said", has_text=f"“{name}” is sound").wait_for()
    (voice.folder / "voice.safetensors").unlink()
    page.get_by_role("button", name="Check its files").click()
    assert f"“{name}” should not be used" in toast(page)
    assert page.locator("img[src*='127.0.0.1:1/'], a[href*='127.0.0.1:1/']").count() == 0


def test_a_result_is_sent_on_to_another_tab(visit, tmp_path, tone, monkeypatch):
    """With two panels of the test: one that offers a sound, one that takes it."""
    write_audio(tmp_path / "made.flac", tone(seconds=2))

    def giving(tab_links: TabLinks) -> None:
        made = make_player("made", "vocals")
        gr.Button("make", elem_id="make").click(lambda: str(tmp_path / "made.flac"), None, made)
        tab_links.add_send_buttons("voices", made)

    def taking(tab_links: TabLinks) -> None:
        tab_links.add_receiver("separate_vocals", make_sound_input("taken", "song"))

    monkeypatch.setitem(PANELS, "voices", giving)
    monkeypatch.setitem(PANELS, "separate_vocals", taking)
    suite = build_suite(["voices", "separate_vocals"])
    try:
        page = visit(address=launch(suite))
        assert page.get_by_role("button", name="Send to “Separate vocals”").is_hidden()
        page.click("#make")
        page.locator("#made").get_by_text("0:02").wait_for()
        page.get_by_role("button", name="Send to “Separate vocals”").click()
        page.locator("#taken").get_by_text("0:02").wait_for()
        assert page.get_by_role("tab", name="Separate vocals").get_attribute("aria-selected") == "true"
    finally:
        suite.close()


def test_the_buttons_can_be_reached_by_keyboard(visit):
    page = visit()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert {"separate", "song-example"} <= reached


def test_the_example_files_are_where_the_page_looks_for_them():
    assert (ROOT / "examples" / "song.flac").is_file()
