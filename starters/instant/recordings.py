"""Speech of the older synthesisers, espeak-ng and flite."""

from dataclasses import replace

from starters.instant.corpus import Spoken, say_with_flite
from vc_core.audio import Audio
from vc_core.models import content_encoder
from vc_core.speech.espeak import speak
from vc_core.training.instant.features import LOW_SAMPLE_RATE


def say(voice: str, text: str) -> Audio:
    """Speak with a voice of espeak-ng (`en-us+f2`) or flite (`slt`), or flite's with scaled formants (`slt*1.1`)."""
    if "+" in voice:
        return speak(text, voice=voice, words_per_minute=150, pitch=50, liveliness=50).audio
    audio, _ = say_with_formant_scale(voice, text)
    return audio if audio.sample_rate == content_encoder.SAMPLE_RATE else audio.resample(LOW_SAMPLE_RATE)


def say_with_formant_scale(voice: str, text: str, *, pitch_hz: float | None = None) -> tuple[Audio, Spoken]:
    """Return the full-band audio, and the speech at the content encoder's sample rate with its phones."""
    name, _, smaller = voice.partition("*")
    ratio = float(smaller or 1)
    # Slow speech played faster has the original tempo, with pitch and formants scaled.
    spoken = say_with_flite(text, name, stretch=ratio, pitch_hz=pitch_hz and pitch_hz / ratio)
    audio = Audio(spoken.samples[None], round(content_encoder.SAMPLE_RATE * ratio))
    return audio, replace(
        spoken, samples=audio.resample(content_encoder.SAMPLE_RATE).samples[0], borders=spoken.borders / ratio
    )
