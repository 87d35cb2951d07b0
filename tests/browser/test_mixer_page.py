"""The mixer of stems in a real browser: mute, solo and levels are heard, and downloaded as one file."""

import numpy as np
import pytest
from browser.one_tab import open_panel
from browser.test_accessibility import faults
from browser.test_compare_pages import STATE
from browser.test_pages import DESKTOP, PHONE, SCREENSHOTS, downloads, sound_at
from conftest import CHROMIUM

from vc_core.files.reading import read_audio
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

PLAYER = "separate-compare"
VOLUMES = f"[...document.querySelector('#{PLAYER} .compare').players].map(({{ volume }}) => Number(volume.toFixed(3)))"


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "en-US"), pytest.param(PHONE, "dark", "ko-KR", marks=pytest.mark.slow)],
    ids=["desktop", "phone"],
)
def test_stems_are_muted_alone_and_levelled_and_the_mix_is_downloaded(chromium, tmp_path, size, theme, language):
    with open_panel(chromium, "separate_vocals", size=size, theme=theme, language=language) as page:
        mix_stems(page, language[:2], tmp_path)
        if SCREENSHOTS:
            page.locator(f"#{PLAYER}").screenshot(path=f"{SCREENSHOTS}/mixer-{theme}-{language}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert faults(page) == []


def mix_stems(page, code, tmp_path):
    page.click("#song-example")
    page.locator("#song").get_by_text("0:24").wait_for()
    page.click("#preview")
    vocals, rest = (sound_at(address, tmp_path) for address in downloads(page, "vocals", "accompaniment"))
    page.locator(f"#{PLAYER} summary").click()
    strips = page.locator(f"#{PLAYER} .desk > div")
    assert strips.evaluate_all("all => all.map((strip) => strip.dataset.stem)") == ["vocals", "accompaniment"]
    assert page.evaluate(VOLUMES) == [0, 1, 0]  # song, vocals, accompaniment: as before the mixer
    page.locator(f"#{PLAYER} fieldset label").last.click()
    assert page.evaluate(VOLUMES) == [0, 1, 1]
    mute, solo = (strips.first.get_by_role("button", name=translate_to(code, f"mix_{key}")) for key in ("mute", "solo"))
    solo.click()
    assert page.evaluate(VOLUMES) == [0, 1, 0]
    mute.click()
    assert page.evaluate(VOLUMES) == [0, 0, 0]
    solo.click()
    assert page.evaluate(VOLUMES) == [0, 0, 1]
    mute.click()
    strips.first.locator("input").fill("6")
    assert strips.first.locator("output").inner_text() == "+6 dB"
    assert page.evaluate(VOLUMES) == [0, 1, pytest.approx(10 ** (-6 / 20), abs=0.002)]
    page.wait_for_function(f"(id) => ({STATE})(id).every((sound) => sound.length > 5)", arg=PLAYER)
    page.click(f"#{PLAYER} button")
    page.wait_for_function(
        f"(id) => ({STATE})(id).slice(1).every((sound) => sound.plays && sound.at > 0.5)", arg=PLAYER
    )
    page.click(f"#{PLAYER} button")
    strips.last.locator("input").fill("-6.5")
    with page.expect_download() as download:
        page.get_by_role("button", name=translate_to(code, "mix_export")).click()
    assert download.value.suggested_filename == "song - mix.flac"
    mixed = read_audio(download.value.path())
    wanted = vocals.samples * 10 ** (6 / 20) + rest.samples * 10 ** (-6.5 / 20)
    if np.abs(wanted).max() < 0.8:  # above, the limiter lowers peaks
        np.testing.assert_allclose(mixed.samples, wanted, atol=1e-5)
    assert np.corrcoef(mixed.samples[0], wanted[0])[0, 1] > 0.99
    page.locator(f"#{PLAYER} fieldset label").first.click()
    assert page.evaluate(VOLUMES) == [1, 0, 0]
