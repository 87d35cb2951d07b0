"""Synthetic singers and speakers: espeak-ng and flite speak, WORLD gives them other throats and melodies."""

import shutil
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.ndimage import gaussian_filter1d

from starters.separator import texts
from starters.separator.effects import RATE, Generator, Sound, log_uniform
from vc_core.espeak import speak

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources
    import pyworld

FRAME_SECONDS = 0.005
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10), tuple(range(12)))


@dataclass(frozen=True)
class Cast:
    """Who speaks in one half of the corpus, and what; the halves share nothing."""

    languages: dict[str, tuple[str, ...]]
    """espeak's voices for each language of the texts; "" is invented words."""
    variants: tuple[str, ...]
    recorded: tuple[str, ...]
    """Voices of flite, which are cut from recordings; used where flite is installed."""
    sentences: dict[str, tuple[str, ...]]


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
class Throat:
    """A voice taken apart: pitch in Hertz, and for each moment the envelope and how much of it is breath."""

    pitch: Sound
    envelope: npt.NDArray[np.float64]
    breath: npt.NDArray[np.float64]
    rate: int


def choose_speaker(cast: Cast, generator: Generator) -> tuple[str, str]:
    """A voice, and the language of its texts."""
    if cast.recorded and generator.random() < 0.3 and shutil.which("flite"):
        return str(generator.choice(cast.recorded)), "en"
    names = list(cast.languages)
    weights = np.array([4.0 if name == "en" else 2.0 if name in ("ko", "") else 1.0 for name in names])
    language = str(generator.choice(names, p=weights / weights.sum()))
    return f"{generator.choice(cast.languages[language])}+{generator.choice(cast.variants)}", language


def say(cast: Cast, voice: str, language: str, generator: Generator) -> tuple[Sound, int]:
    text = str(generator.choice(cast.sentences[language])) if language else texts.invented_text(generator)
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


def take_apart(spoken: Sound, rate: int) -> Throat:
    pitch, times = pyworld.dio(spoken, rate, f0_floor=60, f0_ceil=600, frame_period=FRAME_SECONDS * 1000)
    pitch = pyworld.stonemask(spoken, pitch, times, rate)
    return Throat(pitch, pyworld.cheaptrick(spoken, pitch, times, rate), pyworld.d4c(spoken, pitch, times, rate), rate)


def put_together(throat: Throat, *, transposed: float = 0.0) -> Sound:
    """The sound again, so many semitones higher, at the corpus' own rate."""
    pitch = np.minimum(throat.pitch * 2 ** (transposed / 12), 1_200)
    sound = pyworld.synthesize(pitch, throat.envelope, throat.breath, throat.rate, FRAME_SECONDS * 1000)
    return to_corpus_rate(sound, throat.rate)


def to_corpus_rate(sound: Sound, rate: int) -> Sound:
    return np.asarray(soxr.resample(sound, rate, RATE), np.float64)


def with_other_throat(throat: Throat, size: float, breathiness: float) -> Throat:
    """Formants times `size`; more than 1 in `breathiness` is breathier."""
    bins = throat.envelope.shape[1]
    at = np.minimum(np.arange(bins) / size, bins - 1)
    low = np.minimum(at.astype(int), bins - 2)
    part = at - low
    envelope = np.exp((1 - part) * np.log(throat.envelope[:, low]) + part * np.log(throat.envelope[:, low + 1]))
    breath = np.clip(throat.breath[:, at.astype(int)], 1e-3, 0.999) ** (1 / breathiness)
    return Throat(throat.pitch, envelope, breath, throat.rate)


def spoken_otherwise(throat: Throat, generator: Generator) -> Throat:
    return _at(throat, np.arange(0, len(throat.pitch) - 1, generator.uniform(0.7, 1.4)),
               throat.pitch * log_uniform(generator, 0.6, 2.0))  # fmt: skip


def sung(throat: Throat, generator: Generator, middle_hz: float, stretch: float) -> Throat:
    """Vowels held, on the notes of a scale; consonants keep their length."""
    level = throat.envelope.mean(axis=1)
    held = (throat.pitch > 0) & (level > 0.02 * level.max())
    # A speaker's voice creaks where it falls, a singer's doesn't.
    breath = np.where(held[:, None], np.minimum(throat.breath, np.median(throat.breath[held], axis=0)), throat.breath)
    clear = Throat(np.where(throat.pitch > 0, 1.0, 0.0), throat.envelope, breath, throat.rate)
    lengths = gaussian_filter1d(np.where(held, stretch, 1.0), 3)
    ends = np.cumsum(lengths)
    moments = np.interp(np.arange(0, ends[-1]), ends, np.arange(len(ends)))
    starts = np.flatnonzero(np.diff(held[moments.astype(int)].astype(int)) == 1)
    melody = middle_hz * 2 ** (sung_semitones(len(moments), starts, generator) / 12)
    slow = _at(clear, moments, clear.pitch)
    return Throat(np.where(slow.pitch > 0.5, melody, 0.0), slow.envelope, slow.breath, slow.rate)


def _at(throat: Throat, moments: Sound, pitch: Sound) -> Throat:
    low = np.minimum(moments.astype(int), len(pitch) - 2)
    part = (moments - low)[:, None]
    envelope = np.exp((1 - part) * np.log(throat.envelope[low]) + part * np.log(throat.envelope[low + 1]))
    breath = (1 - part) * throat.breath[low] + part * throat.breath[low + 1]
    return Throat(pitch[np.round(moments).astype(int)], envelope, breath, throat.rate)


def sung_semitones(moments: int, starts: npt.NDArray[np.intp], generator: Generator) -> Sound:
    """A melody around 0: steps of a scale, mostly where a vowel starts; glides, vibrato, and a voice's own drift."""
    scale = np.array(SCALES[generator.integers(len(SCALES))])
    pace = log_uniform(generator, 0.15, 1.5) / FRAME_SECONDS
    steps = np.zeros(moments)
    vibrato = np.zeros(moments)
    speed, depth = generator.uniform(4.5, 7), generator.choice([0.0, generator.uniform(0.1, 1.0)], p=[0.3, 0.7])
    degree, at = 0, 0
    while at < moments:
        until = at + max(12, round(pace * generator.choice([0.5, 1.0, 1.0, 2.0, 3.0])))
        near = starts[(starts > at + 10) & (np.abs(starts - until) < pace / 2)]
        until = int(near[0]) if len(near) else until
        degree = int(np.clip(degree + generator.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]), -7, 7))
        steps[at:until] = scale[degree % len(scale)] + 12 * (degree // len(scale))
        since = np.arange(len(steps[at:until])) * FRAME_SECONDS
        vibrato[at:until] = np.clip((since - 0.15) / 0.3, 0, 1) * np.sin(2 * np.pi * speed * since)
        at = until
    glided = gaussian_filter1d(steps, generator.uniform(0.008, 0.06) / FRAME_SECONDS)
    drift = gaussian_filter1d(generator.standard_normal(moments), 20) * generator.uniform(0, 1.2)
    return glided + depth * vibrato + drift
