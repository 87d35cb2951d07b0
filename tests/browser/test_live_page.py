"""Somebody sings into the microphone of a browser, and hears another voice."""

import pytest
import soundfile
from browser.test_pages import open_tab
from conftest import CHROMIUM, QUIET, ROOT

from vc_core.reading import read_audio

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
SCHEDULED = "window.vcLive ? window.vcLive.seconds : 0"


@pytest.mark.slow
def test_the_microphone_is_heard_in_another_voice(studio, chromium, tmp_path):
    song = read_audio(ROOT / "examples" / "sung_line.flac").mono().resampled(48_000)
    soundfile.write(tmp_path / "mouth.wav", song.samples[0], 48_000, subtype="PCM_16")
    microphone = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path / 'mouth.wav'}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, *microphone])
    try:
        page = browser.new_context(permissions=["microphone"], locale="en-US").new_page()
        page.goto(studio)
        page.get_by_role("tab").first.wait_for()
        open_tab(page, "Convert singer")
        page.locator("#live button").first.click()
        page.locator("#live-microphone button").filter(has_text="Record").first.wait_for()
        page.wait_for_timeout(2_000)  # until Gradio knows the microphones, which nothing on the page tells
        page.locator("#live-microphone button").filter(has_text="Record").first.click()
        page.locator("#live-latency").get_by_text("seconds behind you").wait_for(timeout=60_000)
        page.wait_for_function(f"{SCHEDULED} >= 2", timeout=60_000)
    finally:
        browser.close()
