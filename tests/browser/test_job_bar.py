"""The progress bar: seen from the click to the result, stopped, failed, with the results of the job before greyed."""

import time

import gradio as gr
import pytest
from browser.test_pages import open_tab, visit  # noqa: F401 - the fixture
from conftest import CHROMIUM, ROOT

from vc_core.errors import Message, UserError
from vc_core.files.writing import write_audio
from vc_core.progress import name_steps
from vc_core.ui.server.events import run_in_thread
from vc_core.ui.server.tasks import start_run
from vc_core.ui.suite import PANELS, build_suite, launch
from vc_core.ui.widgets.controls import make_buttons, wire_button
from vc_core.ui.words import translate_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

WATCH = """(panel) => {
  const box = document.querySelector(`#${panel}-job .job`), results = document.getElementById(`${panel}-results`)
  window.seen = []
  clearInterval(window.watching)
  window.watching = setInterval(() => window.seen.push({
    at: performance.now(), state: box.dataset.state, text: box.innerText, earlier: results?.dataset.earlier || "",
    visible: !box.hidden && box.getBoundingClientRect().height > 0 && box.innerText.trim() !== "",
  }), 50)
}"""
WAIT_FOR_STATE = "([panel, state]) => document.querySelector(`#${panel}-job .job`).dataset.state === state"
PANEL = "voices"
STEPS, STEP_SECONDS = 40, 0.1


def watch(page, panel: str, button: str) -> None:
    page.evaluate(WATCH, panel)
    page.evaluate("(id) => document.getElementById(id).click()", button)  # busy machines shift the layout under a click


def wait_for(page, panel: str, state: str) -> list[dict]:
    """What was seen until the job had that state."""
    page.wait_for_function(WAIT_FOR_STATE, arg=[panel, state], timeout=180_000)
    return page.evaluate("window.seen")


def share_of_time_with_progress(seen: list[dict]) -> float:
    """Of the time until the job was done, from the click on."""
    until = [moment for moment in seen if moment["state"] != "done"]
    return sum(moment["visible"] for moment in until) / max(len(until), 1)


@pytest.fixture
def tune(song, tmp_path):
    write_audio(tmp_path / "tune.wav", song.slice(0, 6 * 44_100), format_name="wav16")
    return tmp_path / "tune.wav"


@pytest.fixture
def page_of_a_job(visit, monkeypatch):  # noqa: F811
    """A page with a job of four seconds, which fails for the text “bad”."""

    def count(values, request, progress):
        """Count."""
        with start_run(PANEL, request, progress) as run:

            def work(report):
                if values["text"] == "bad":
                    raise UserError("Choose a song first.")
                report = name_steps(report, Message("Separating"))
                for step in range(STEPS):
                    report(step / STEPS, f"0:{step:02d}")
                    time.sleep(STEP_SECONDS)
                return values["text"]

            yield from run.stream(run_in_thread(work), lambda text: text)

    def build(tab_links) -> None:
        with gr.Row():
            with gr.Column():
                text = gr.Textbox("made", elem_id="text")
                buttons = make_buttons(PANEL, "check")
            with gr.Column(elem_id=f"{PANEL}-results", elem_classes="results"):
                made = gr.Textbox(elem_id="made")
        for number in range(6):  # `visit` waits for a page with several
            gr.Button(f"{number}")
        wire_button(buttons, buttons.starts[0], count, {"text": text}, [made])

    monkeypatch.setitem(PANELS, PANEL, build)
    suite = build_suite([PANEL])
    address = launch(suite)

    def open_page(language="en-US"):
        page = visit(address=address, language=language)
        page.wait_for_function(f"document.querySelector('#{PANEL}-job .job')")
        page.wait_for_timeout(1000)  # the words of the page
        return page

    yield open_page
    suite.close()


def test_the_bar_is_seen_from_the_click_on_and_its_seconds_never_restart(page_of_a_job):
    page = page_of_a_job()
    watch(page, PANEL, "check")
    seen = wait_for(page, PANEL, "done")
    assert share_of_time_with_progress(seen) >= 0.95
    running = [moment["text"].split("·") for moment in seen if moment["state"] == "running"]
    clocks = [int(parts[1].strip().split(":")[1]) for parts in running if len(parts) > 1]
    assert clocks == sorted(clocks)
    assert max(clocks) >= 3
    assert any("Separating: 0:" in moment["text"] for moment in seen)
    assert any("left" in moment["text"] for moment in seen)
    assert "Done in 0:" in page.locator(f"#{PANEL}-job").inner_text()


def test_results_of_the_job_before_are_greyed_and_named_also_after_stop(page_of_a_job):
    page = page_of_a_job()
    watch(page, PANEL, "check")
    first = wait_for(page, PANEL, "done")
    assert not any(moment["earlier"] for moment in first)
    watch(page, PANEL, "check")
    page.wait_for_function(WAIT_FOR_STATE, arg=[PANEL, "running"])
    page.locator("#check-stop").wait_for()
    start = time.monotonic()
    page.evaluate("document.getElementById('check-stop').click()")
    wait_for(page, PANEL, "stopped")
    assert time.monotonic() - start < 3 + STEP_SECONDS * STEPS  # at least before its end, on a busy machine too
    assert "Stopped" in page.locator(f"#{PANEL}-job").inner_text()
    earlier = page.locator(f"#{PANEL}-results").get_attribute("data-earlier")
    assert earlier.startswith("Earlier result: ")
    opacity = f"getComputedStyle(document.querySelector('#{PANEL}-results > *')).opacity"
    assert float(page.evaluate(opacity)) < 1
    watch(page, PANEL, "check")
    wait_for(page, PANEL, "done")
    assert page.locator(f"#{PANEL}-results").get_attribute("data-earlier") is None


def test_a_job_that_fails_says_so(page_of_a_job):
    page = page_of_a_job()
    page.fill("#text textarea, #text input", "bad")
    watch(page, PANEL, "check")
    wait_for(page, PANEL, "failed")
    assert "did not work" in page.locator(f"#{PANEL}-job").inner_text()


def test_a_korean_page_has_korean_steps(page_of_a_job):
    page = page_of_a_job("ko-KR")
    watch(page, PANEL, "check")
    seen = wait_for(page, PANEL, "done")
    texts = [moment["text"] for moment in seen if moment["state"] == "running"]
    assert any("분리 중: 0:" in text for text in texts)
    assert any("남음" in text for text in texts)
    assert not any("Separating" in text for text in texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("panel", "sound", "button"),
    [
        ("separate_vocals", "song", "separate"),
        ("cover", "cover-song", "cover"),
        ("add_emotion", "emotion-voice", "emotion_steps"),
        ("convert_singer", "singing", "convert"),
    ],
)
def test_every_job_of_the_app_shows_its_progress_nearly_all_the_time(visit, tune, panel, sound, button):  # noqa: F811
    page = visit()
    open_tab(page, translate_to("en", f"tab_{panel}"))
    page.set_input_files(f"#{sound} input[type=file]", tune)
    page.locator(f"#{sound} [data-testid^=waveform]").first.wait_for()
    page.wait_for_timeout(1000)
    watch(page, panel, button)
    seen = wait_for(page, panel, "done")
    assert share_of_time_with_progress(seen) >= 0.95
    fractions = [int(moment["text"].split(" %")[0].split()[-1]) for moment in seen if " %" in moment["text"]]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) >= 2, "it moves"


@pytest.mark.slow
def test_a_whole_song_in_convert_is_noticed_and_offered_to_cover(visit):  # noqa: F811
    page = visit()
    open_tab(page, translate_to("en", "tab_convert_singer"))
    page.set_input_files("#singing input[type=file]", ROOT / "examples" / "song.flac")
    page.locator("#music-warning").get_by_text("whole song").wait_for(timeout=60_000)
    page.locator("#singing-to-separate_vocals").wait_for()
    page.click("#singing-to-cover")
    page.locator("#cover-song [data-testid^=waveform]").first.wait_for()
    page.locator(".tabitem:visible").get_by_text(translate_to("en", "advanced"), exact=True).click()
    assert not page.locator("#cover-clean input").is_checked()
    open_tab(page, translate_to("en", "tab_convert_singer"))
    page.locator("#singing").get_by_label("Clear").first.click()
    page.set_input_files("#singing input[type=file]", ROOT / "examples" / "sung_line.flac")
    page.locator("#music-warning").wait_for(state="hidden", timeout=60_000)
