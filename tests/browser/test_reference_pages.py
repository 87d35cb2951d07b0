"""A voice from ten seconds, in a browser: upload, convert with it at once, download."""

import numpy as np
import pytest
from browser.test_pages import downloads, open_tab, sound_at, toast, visit  # noqa: F401
from conftest import CHROMIUM, ROOT

from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.ui.words import translate_to
from vc_core.voices.library import VoiceLibrary, get_voices_folder

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.mark.slow
def test_ten_seconds_become_a_voice_that_sings_the_example(visit, tmp_path):  # noqa: F811
    line = read_audio(ROOT / "examples" / "spoken_line.flac")
    ten_seconds = np.tile(line.samples, 2)[:, : 10 * line.sample_rate]
    write_audio(tmp_path / "me.wav", line.with_samples(ten_seconds), format_name="wav16")
    page = visit()
    open_tab(page, "Convert singer")
    page.get_by_text(translate_to("en", "reference_voice"), exact=True).click()
    page.locator("#make_voice").wait_for()
    page.set_input_files("#reference input[type=file]", tmp_path / "me.wav")
    page.locator("#reference").get_by_text("0:10").wait_for(timeout=60_000)
    page.fill("#reference-name input, #reference-name textarea", "Robin")
    page.click("#make_voice")
    assert "does not say whose voice it is" in toast(page)
    page.locator("#reference-consent").get_by_label(translate_to("en", "consent_synthetic")).click()
    page.wait_for_function("!document.querySelector('#make_voice').disabled")
    page.click("#make_voice")
    page.locator("#reference-said").get_by_text("“Robin” is ready").wait_for(timeout=60_000)
    page.wait_for_function("document.querySelector('#singer input').value.startsWith('Robin')")
    page.get_by_text(translate_to("en", "temporary_voice")).first.wait_for()
    page.click("#singing-example")
    page.locator("#singing").get_by_text("0:06").wait_for()
    page.click("#convert")
    (result,) = downloads(page, "converted")
    assert result.endswith("robin.flac")
    assert sound_at(result, tmp_path).frames == read_audio(ROOT / "examples" / "sung_line.flac").frames
    with page.expect_download() as download:
        page.locator("#converted a[download]").click()
    assert download.value.suggested_filename.endswith("robin.flac")
    assert VoiceLibrary(get_voices_folder()).list() == []
