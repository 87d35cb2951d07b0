"""The microphone of a browser is heard in another voice, in both languages, on a desktop and a phone."""

import re

import numpy as np
import pytest
import soundfile
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, sound_at, watch_page
from conftest import CHROMIUM, QUIET, ROOT

from vc_core.files.provenance import read_origin
from vc_core.files.reading import read_audio
from vc_core.ui.live.admission import LiveSessions, get_live_sessions
from vc_core.ui.live.session import LiveSession
from vc_core.ui.suite import build_suite, launch
from vc_core.ui.words import LANGUAGES, translate_to

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"), pytest.mark.slow]
BOX, START, NOTICE = "[data-live=box]", "[data-live=start]", "[data-live=notice]"
SCREENS = [("en", DESKTOP, "light"), ("en", PHONE, "dark"), ("ko", DESKTOP, "dark"), ("ko", PHONE, "light")]
LOCALES = {"en": "en-US", "ko": "ko-KR"}


@pytest.fixture(scope="module")
def mouth(tmp_path_factory):
    """What the microphone hears, again and again."""
    path = tmp_path_factory.mktemp("mouth") / "mouth.wav"
    song = read_audio(ROOT / "examples" / "sung_line.flac").to_mono().resample(48_000)
    soundfile.write(path, song.samples[0], 48_000, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def singing_browser(chromium, mouth):
    """Chromium with a microphone."""
    microphone = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={mouth}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, *microphone])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address():
    """Of a suite with one tab."""
    suite = build_suite(["convert_singer"])
    yield launch(suite)
    suite.close()


@pytest.fixture
def visit(singing_browser, address):
    """Open the tab with the section for live singing; nothing may come from elsewhere, nor fail silently."""
    contexts, complaints, requests = [], [], []

    def open_page(language="en", size=DESKTOP, theme="light", *, allowed=True):
        options = {"permissions": ["microphone"]} if allowed else {}
        context = singing_browser.new_context(viewport=size, locale=LOCALES[language], **options)
        contexts.append(context)
        page = context.new_page()
        watch_page(page, complaints, requests)
        page.goto(f"{address}?__theme={theme}")
        page.get_by_role("tab").first.wait_for()
        page.locator("#live button").first.click()
        wait_for_state(page, "idle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    local = ("http://127.0.0.1", "http://localhost", "ws://127.0.0.1", "ws://localhost", "data:", "blob:")
    assert [url for url in requests if not url.startswith(local)] == []


def wait_for_state(page, state: str) -> None:
    page.locator(f"{BOX}[data-state={state}]").wait_for(timeout=90_000)


def milliseconds(page, name: str) -> int:
    return int(re.sub(r"\D", "", page.locator(f"[data-live={name}]").inner_text()))


@pytest.mark.parametrize(("language", "size", "theme"), SCREENS, ids=["desktop", "phone", "korean", "korean phone"])
def test_the_microphone_is_heard_in_another_voice_and_recorded(visit, tmp_path, language, size, theme):
    page = visit(language, size, theme)
    words = LANGUAGES[language].words
    assert page.locator(START).inner_text() == words["live_start"]
    assert page.locator(NOTICE).inner_text() == words["live_headphones"]
    page.locator("[data-live=record]").check()
    page.locator(START).click()
    wait_for_state(page, "live")
    assert page.locator(START).inner_text() == words["stop"]
    page.wait_for_function("document.querySelector('[data-live=total]').textContent.match(/\\d/)", timeout=60_000)
    page.wait_for_function("document.querySelector('[data-live=engine]').textContent.match(/\\d/)", timeout=60_000)
    page.wait_for_function("document.querySelector('[data-live=output]').value > 0.3", timeout=60_000)
    assert milliseconds(page, "network") < milliseconds(page, "total")
    assert 50 < milliseconds(page, "engine") < milliseconds(page, "total")
    assert page.locator("[data-live=microphone] option").count() > 1
    assert page.locator("[data-live=channel] option").all_inner_texts() == [words["live_all_channels"], "1", "2"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if SCREENSHOTS:
        page.locator(BOX).scroll_into_view_if_needed()
        page.screenshot(path=f"{SCREENSHOTS}/live-{language}-{theme}-{size['width']}.png")
    page.wait_for_timeout(1_000)
    page.locator(START).click()
    wait_for_state(page, "idle")
    page.locator("#live-recorded a[download]").wait_for(timeout=30_000)
    recorded = page.locator("#live-recorded a[download]").get_attribute("href")
    sound = sound_at(recorded, tmp_path)
    assert sound.seconds > 1
    assert abs(sound.samples).max() > 0.01
    assert read_origin(tmp_path / recorded.rsplit("/", 1)[1]).provenance.voice == "Clara"


def test_voice_and_key_change_while_singing_and_no_sample_is_lost(visit, monkeypatch):
    blocks, feed = [], LiveSession.feed

    def watch(session, samples, captured_seconds):
        blocks.append((captured_seconds, samples.shape[1]))
        feed(session, samples, captured_seconds)

    monkeypatch.setattr(LiveSession, "feed", watch)
    page = visit()
    page.locator(START).click()
    wait_for_state(page, "live")
    (session,) = get_live_sessions().list_sessions()
    page.locator("#live input[type=number]").fill("5")
    page.keyboard.press("Enter")
    page.get_by_label(translate_to("en", "singer")).first.click()
    page.get_by_role("option", name="Max").first.click()
    page.wait_for_timeout(1_000)
    assert (session.choice.voice.name, session.choice.key_shift_semitones) == ("Max", 5)
    page.wait_for_function("document.querySelector('[data-live=output]').value > 0.3", timeout=60_000)
    page.wait_for_timeout(2_000)  # until the server has stated the length of blocks
    sample_rate = page.evaluate(f"document.querySelector('{BOX}').live.context.sampleRate")
    page.locator(START).click()
    wait_for_state(page, "idle")
    starts, frames = np.transpose(blocks)
    np.testing.assert_allclose(np.diff(starts), frames[:-1] / sample_rate, atol=1e-6)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_busy_server_says_so(visit, monkeypatch, language):
    monkeypatch.setattr("vc_core.ui.live.admission.MAX_SINGERS", 0)
    page = visit(language)
    page.locator(START).click()
    page.locator(f"{NOTICE}.error").wait_for(timeout=30_000)
    assert {"en": "The server is busy", "ko": "서버가 바쁩니다"}[language] in page.locator(NOTICE).inner_text()
    assert page.locator(BOX).get_attribute("data-state") == "idle"


def test_a_server_that_ends_the_session_says_so(visit, monkeypatch):
    monkeypatch.setattr("vc_core.ui.live.socket.limit_seconds", lambda: 1.2)
    page = visit()
    page.locator(START).click()
    page.locator(f"{NOTICE}.error").wait_for(timeout=60_000)
    assert "minutes of a session are over" in page.locator(NOTICE).inner_text()


def test_a_lost_connection_is_reported(visit, monkeypatch):
    monkeypatch.setattr(LiveSessions, "redeem", lambda *_: None)
    page = visit()
    page.locator(START).click()
    page.locator(f"{NOTICE}.error").wait_for(timeout=60_000)
    assert page.locator(NOTICE).inner_text() == translate_to("en", "live_lost")


def test_without_a_microphone_the_page_says_what_to_do(visit):
    page = visit(allowed=False)
    denied = "Promise.reject(new DOMException('', 'NotAllowedError'))"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => {denied} }}")
    page.locator(START).click()
    page.locator(f"{NOTICE}.error").wait_for()
    assert page.locator(NOTICE).inner_text() == translate_to("en", "live_denied")
