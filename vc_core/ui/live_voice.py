"""“Sing live”: the microphone goes in piece by piece, and the chosen voice comes out about a second later."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
import soundfile

from vc_core.audio import Audio, join
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.conversion.base import HIGHEST_KEY_SHIFT
from vc_core.conversion.live import LiveConversion
from vc_core.device import choose_device
from vc_core.errors import UserError
from vc_core.ui.controls import PRIVATE
from vc_core.ui.events import sentences
from vc_core.ui.visitors import library_of
from vc_core.ui.words import said_to, word
from vc_core.voices import Voice

PIECE_SECONDS = 0.25
LONGEST_SECONDS = 600
LIVE_ON_CPU = ("instant",)
"""What is quick enough there."""
MOST_AT_ONCE = 2

# Each piece is put behind the one before, so that they are heard without a gap.
PLAY = """
async (sound) => {
    if (!sound) return;
    const player = (window.vcLive ??= {context: new AudioContext(), until: 0, seconds: 0});
    const bytes = Uint8Array.from(atob(sound.split(" ")[1]), (letter) => letter.charCodeAt(0));
    const source = player.context.createBufferSource();
    source.buffer = await player.context.decodeAudioData(bytes.buffer);
    source.connect(player.context.destination);
    player.until = Math.max(player.until, player.context.currentTime + 0.05);
    source.start(player.until);
    player.until += source.buffer.duration;
    player.seconds += source.buffer.duration;
}
"""


@dataclass
class Session:
    """One recording while it lasts."""

    conversion: LiveConversion
    voice: str
    key: float
    sample_rate: int
    pieces: int = 0

    def __deepcopy__(self, memo: Any) -> "Session":
        return self  # a state of one visitor, which Gradio would copy with the voice's networks


def live_section(voice: gr.Dropdown) -> None:
    """Below the song: what is sung into the microphone, in the voice of that picker."""
    with gr.Accordion(word("live"), open=False, elem_id="live"):
        gr.Markdown(word("live_about"), elem_classes="hint")
        key = gr.Slider(-HIGHEST_KEY_SHIFT, HIGHEST_KEY_SHIFT, value=0, step=1, label=word("key_shift"))
        microphone = gr.Audio(
            sources=["microphone"],
            streaming=True,
            type="filepath",
            label=word("live_microphone"),
            elem_id="live-microphone",
        )
        told = gr.Markdown(elem_classes="hint", elem_id="live-latency")
        sound = gr.Textbox(visible="hidden", elem_id="live-sound")
        session = gr.State(None)
    microphone.start_recording(lambda: None, None, session, **PRIVATE)
    microphone.stream(
        sung_live,
        [microphone, voice, key, session],
        [session, sound, told],
        stream_every=PIECE_SECONDS,
        time_limit=LONGEST_SECONDS,
        concurrency_limit=MOST_AT_ONCE,
        api_visibility="private",
        show_progress="hidden",
    )
    sound.change(None, sound, None, js=PLAY, **PRIVATE)


def sung_live(
    piece: str | None, voice: str | None, key: float, session: Session | None, request: gr.Request
) -> tuple[Any, Any, Any]:
    """One piece of the microphone's; the session, what is to be played now, and how late it is."""
    with sentences():
        if piece is None:
            return session, gr.skip(), gr.skip()
        if not voice:
            raise UserError("Choose a voice first.")
        heard = _read_piece(piece)
        if session is None or (session.voice, session.key, session.sample_rate) != (voice, key, heard.sample_rate):
            session = Session(_begun(library_of(request).find(voice), key), voice, key, heard.sample_rate)
        made = list(session.conversion.feed(heard))
        if not made:
            return session, gr.skip(), gr.skip()
        session.pieces += 1
        late = said_to(request, "live_latency").format(f"{session.conversion.latency_seconds + PIECE_SECONDS:.1f}")
        return session, f"{session.pieces} {_as_wav(join(made))}", late


def _read_piece(path: str) -> Audio:
    """Not as files are read: browsers don't write into a piece how long it is."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise UserError("What the microphone sent is not sound. Start the recording again.") from error
    return Audio(np.nan_to_num(np.ascontiguousarray(samples.T)), rate)


def _begun(voice: Voice, key: float) -> LiveConversion:
    if voice.card.engine not in LIVE_ON_CPU and choose_device() == "cpu":
        raise UserError(f"“{voice.name}” can't sing live without a GPU. Choose an instant voice, such as Clara.")
    return LiveConversion(load_converter(voice), ConversionOptions(key_shift_semitones=key))


def _as_wav(audio: Audio) -> str:
    file = io.BytesIO()
    soundfile.write(file, np.clip(audio.samples.T, -1, 1), audio.sample_rate, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode("ascii")
