"""Synthetic singers and speakers: speech of espeak-ng and flite, with formants and melodies changed by WORLD."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.ndimage import gaussian_filter1d

from starters.separator import texts
from starters.separator.effects import RATE, Generator, Sound, apply_reverb, log_uniform
from vc_core.speech.espeak import speak

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import pyworld

FRAME_SECONDS = 0.005
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10), tuple(range(12)))


@dataclass(frozen=True)
class Cast:
    """Voices and sentences of one split of the corpus; the splits share none."""

    languages: dict[str, tuple[str, ...]]
    """espeak's voices for each language of the texts; "" is invented words."""
    variants: tuple[str, ...]
    recorded: tuple[str, ...]
    """Unit-selection voices of flite; used if flite is installed."""
    sentences: dict[str, tuple[str, ...]]
    reverb: Callable[..., Sound] = apply_reverb

    def choose_speaker(self, generator: Generator) -> "Speak":
        voice, language = choose_speaker(self, generator)
        return lambda generator: say(self, voice, language, generator)


Speak = Callable[[Generator], tuple[Sound, int]]
"""The speech of one speaker, another sentence each time, and its sample rate."""


class Singers(Protocol):
    reverb: Callable[..., Sound]

    def choose_speaker(self, generator: Generator) -> Speak: ...


_TRAINING_VARIANTS = (
    "f1", "f2", "f5", "m1", "m2", "m4", "m6", "m7", "m8", "klatt", "klatt2", "klatt4", "klatt6", "Alex", "Alicia",
    "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Mario", "Michael", "Mike", "Nguyen",
    "Reed", "Storm", "adam", "anika", "aunty", "belinda", "benjamin", "boris", "caleb", "croak", "david", "ed",
    "edward", "grandma", "grandpa", "gustave", "ian", "iven", "iven3", "john", "linda", "marcelo", "max", "miguel",
    "norbert", "paul", "quincy", "rob", "shelby", "steph", "steph2", "travis", "victor", "whisperf",
)  # fmt: skip
_TEST_VARIANTS = (
    "f3", "f4", "m3", "m5", "klatt3", "klatt5", "Andrea", "Marco", "RicishayMax3", "antonio", "announcer", "edward2",
    "iven4", "kaukovalta", "michel", "pablo", "pedro", "robert", "sandro", "steph3", "zac", "mike2",
)  # fmt: skip

TRAINING = Cast(
    languages={
        "en": ("en-us", "en-gb-x-rp", "en-gb-scotland"),
        "ko": ("ko",), "es": ("es", "es-419"), "fr": ("fr", "fr-be"), "de": ("de",), "it": ("it",), "ru": ("ru",),
        "ja": ("ja",), "pl": ("pl",), "cmn": ("cmn",), "": ("fi", "tr", "id", "ro", "la", "eo", "en-us", "it"),
    },
    variants=_TRAINING_VARIANTS,
    recorded=("slt", "awb", "kal16"),
    sentences=texts.TRAINING,
)  # fmt: skip
TEST = Cast(
    languages={"en": ("en-gb-x-gbclan", "en-us"), "ko": ("ko",), "pt": ("pt", "pt-br"), "nl": ("nl",), "sv": ("sv",)},
    variants=_TEST_VARIANTS,
    recorded=(),
    sentences=texts.TEST,
)


@dataclass(frozen=True)
class WorldVoice:
    """WORLD features: pitch in Hz (T,), spectral envelope (T, bins), aperiodicity (T, bins)."""

    pitch: Sound
    envelope: npt.NDArray[np.float64]
    aperiodicity: npt.NDArray[np.float64]
    sample_rate: int


def choose_speaker(cast: Cast, generator: Generator) -> tuple[str, str]:
    """Choose a voice and the language of its texts."""
    if cast.recorded and generator.random() < 0.3 and shutil.which("flite"):
        return str(generator.choice(cast.recorded)), "en"
    names = list(cast.languages)
    weights = np.array([4.0 if name == "en" else 2.0 if name in ("ko", "") else 1.0 for name in names])
    language = str(generator.choice(names, p=weights / weights.sum()))
    return f"{generator.choice(cast.languages[language])}+{generator.choice(cast.variants)}", language


def say(cast: Cast, voice: str, language: str, generator: Generator) -> tuple[Sound, int]:
    text = str(generator.choice(cast.sentences[language])) if language else texts.invent_text(generator)
    if "+" not in voice:
        return _say_with_flite(text, voice)
    speed, pitch, liveliness = (int(generator.integers(*span)) for span in ((110, 220), (20, 90), (20, 90)))
    audio = speak(text, voice=voice, words_per_minute=speed, pitch=pitch, liveliness=liveliness).audio
    return audio.samples[0].astype(np.float64), audio.sample_rate


def _say_with_flite(text: str, voice: str) -> tuple[Sound, int]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True, capture_output=True)
        samples, rate = soundfile.read(Path(file.name))
    return samples, rate


def analyse_voice(spoken: Sound, rate: int) -> WorldVoice:
    pitch, times = pyworld.dio(spoken, rate, f0_floor=60, f0_ceil=600, frame_period=FRAME_SECONDS * 1000)
    pitch = pyworld.stonemask(spoken, pitch, times, rate)
    envelope = pyworld.cheaptrick(spoken, pitch, times, rate)
    return WorldVoice(pitch, envelope, pyworld.d4c(spoken, pitch, times, rate), rate)


def synthesise_voice(features: WorldVoice, *, transposed: float = 0.0) -> Sound:
    """Synthesise, transposed by semitones, at the sample rate of the corpus."""
    pitch = np.minimum(features.pitch * 2 ** (transposed / 12), 1_200)
    frame_milliseconds = FRAME_SECONDS * 1000
    sample_rate, spectrum = features.sample_rate, (features.envelope, features.aperiodicity)
    return to_corpus_rate(pyworld.synthesize(pitch, *spectrum, sample_rate, frame_milliseconds), sample_rate)


def to_corpus_rate(sound: Sound, rate: int) -> Sound:
    return np.asarray(soxr.resample(sound, rate, RATE), np.float64)


def extend_treble(features: WorldVoice, generator: Generator) -> WorldVoice:
    """Continue the spectrum above half the sample rate: falling noise, up to the corpus's own limit."""
    bins = features.envelope.shape[1]
    hertz = np.linspace(0, RATE / 2, 2 * (bins - 1) + 1)
    edge = 0.92 * features.sample_rate / 2
    octaves = np.log2(np.maximum(hertz, edge) / edge)
    places = np.minimum(hertz, edge) / (features.sample_rate / 2) * (bins - 1)
    low = np.minimum(places.astype(int), bins - 2)
    share = places - low
    levels = np.log(features.envelope[:, low]) * (1 - share) + np.log(features.envelope[:, low + 1]) * share
    envelope = np.exp(levels - generator.uniform(1.5, 5.5) * octaves)
    aperiodicity = np.maximum(features.aperiodicity[:, np.round(places).astype(int)], np.minimum(octaves * 4, 0.99))
    return WorldVoice(features.pitch, envelope, aperiodicity, RATE)


def scale_formants(features: WorldVoice, size: float, breathiness: float) -> WorldVoice:
    """Scale the formant frequencies by `size`, and the noise component: breathier above 1."""
    bins = features.envelope.shape[1]
    at = np.minimum(np.arange(bins) / size, bins - 1)
    low = np.minimum(at.astype(int), bins - 2)
    part = at - low
    envelope = np.exp((1 - part) * np.log(features.envelope[:, low]) + part * np.log(features.envelope[:, low + 1]))
    aperiodicity = np.clip(features.aperiodicity[:, at.astype(int)], 1e-3, 0.999) ** (1 / breathiness)
    return WorldVoice(features.pitch, envelope, aperiodicity, features.sample_rate)


def vary_speech(features: WorldVoice, generator: Generator) -> WorldVoice:
    return _at(features, np.arange(0, len(features.pitch) - 1, generator.uniform(0.7, 1.4)),
               features.pitch * log_uniform(generator, 0.6, 2.0))  # fmt: skip


def make_singing(features: WorldVoice, generator: Generator, middle_hz: float, stretch: float) -> WorldVoice:
    """Stretch the vowels over notes of a scale; consonants keep their length."""
    level = features.envelope.mean(axis=1)
    held = (features.pitch > 0) & (level > 0.02 * level.max())
    # Remove the creaky voice of falling pitch, which singers don't have.
    aperiodicity = np.where(
        held[:, None],
        np.minimum(features.aperiodicity, np.median(features.aperiodicity[held], axis=0)),
        features.aperiodicity,
    )
    clear = WorldVoice(np.where(features.pitch > 0, 1.0, 0.0), features.envelope, aperiodicity, features.sample_rate)
    lengths = gaussian_filter1d(np.where(held, stretch, 1.0), 3)
    ends = np.cumsum(lengths)
    frames = np.interp(np.arange(0, ends[-1]), ends, np.arange(len(ends)))
    starts = np.flatnonzero(np.diff(held[frames.astype(int)].astype(int)) == 1)
    melody = middle_hz * 2 ** (draw_melody_semitones(len(frames), starts, generator) / 12)
    slow = _at(clear, frames, clear.pitch)
    return WorldVoice(np.where(slow.pitch > 0.5, melody, 0.0), slow.envelope, slow.aperiodicity, slow.sample_rate)


def _at(features: WorldVoice, frames: Sound, pitch: Sound) -> WorldVoice:
    low = np.minimum(frames.astype(int), len(pitch) - 2)
    part = (frames - low)[:, None]
    envelope = np.exp((1 - part) * np.log(features.envelope[low]) + part * np.log(features.envelope[low + 1]))
    aperiodicity = (1 - part) * features.aperiodicity[low] + part * features.aperiodicity[low + 1]
    return WorldVoice(pitch[np.round(frames).astype(int)], envelope, aperiodicity, features.sample_rate)


def draw_melody_semitones(frames: int, starts: npt.NDArray[np.intp], generator: Generator) -> Sound:
    """Draw a melody around 0: notes of a scale, mostly starting with vowels, with glides, vibrato and drift."""
    scale = np.array(SCALES[generator.integers(len(SCALES))])
    pace = log_uniform(generator, 0.15, 1.5) / FRAME_SECONDS
    steps = np.zeros(frames)
    vibrato = np.zeros(frames)
    speed, depth = generator.uniform(4.5, 7), generator.choice([0.0, generator.uniform(0.1, 1.0)], p=[0.3, 0.7])
    degree, at = 0, 0
    while at < frames:
        until = at + max(12, round(pace * generator.choice([0.5, 1.0, 1.0, 2.0, 3.0])))
        near = starts[(starts > at + 10) & (np.abs(starts - until) < pace / 2)]
        until = int(near[0]) if len(near) else until
        degree = int(np.clip(degree + generator.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]), -7, 7))
        steps[at:until] = scale[degree % len(scale)] + 12 * (degree // len(scale))
        since = np.arange(len(steps[at:until])) * FRAME_SECONDS
        vibrato[at:until] = np.clip((since - 0.15) / 0.3, 0, 1) * np.sin(2 * np.pi * speed * since)
        at = until
    glided = gaussian_filter1d(steps, generator.uniform(0.008, 0.06) / FRAME_SECONDS)
    drift = gaussian_filter1d(generator.standard_normal(frames), 20) * generator.uniform(0, 1.2)
    return glided + depth * vibrato + drift
