"""Sets of recordings of one synthetic voice: clean ones, and ones with a simulated fault."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, sosfiltfilt

from vc_core.audio import Audio
from vc_core.files.reading import read_audio
from vc_core.signal.loudness import normalise_loudness
from vc_core.speech.espeak import speak

RATE = 44_100
VOICES = (
    "en-us+f1", "en-us+f2", "en-us+f3", "en-us+f4", "en-us+f5", "en-us+m1", "en-us+m2", "en-us+m3", "en-us+m4",
    "en-us+m5", "en-us+m6", "en-us+m7", "en-us+Alicia", "en-us+Andy", "en-us+Annie", "en-us+max", "en-us+steph",
    "en-us+Gene", "en-us+belinda", "en-us+Denis",
)  # fmt: skip
FLITE_VOICES = ("slt", "rms", "awb")
SENTENCES = (
    "The birch canoe slid on the smooth planks, and nobody on the shore looked up from the game of cards.",
    "Glue the sheet to the dark blue background. It is easy to tell the depth of a well by the sound.",
    "Rice is often served in round bowls, while the juice of lemons makes a very fine punch in June.",
    "Four hours of steady work faced us. A large size in stockings is hard to sell, as everybody knows.",
    "The boy was there when the sun rose. A rod is used to catch pink salmon under the old bridge.",
    "Kick the ball straight and follow through. Help the woman get back to her feet before she is cold.",
    "A pot of tea helps to pass the evening. Smoky fires lack flame and heat, so open the window wide.",
    "The soft cushion broke the fall of the man. The salt breeze came across from the sea this morning.",
    "We talked of the side show in the circus. Use a pencil to write the first draft, then read it aloud.",
    "The ship was torn apart on the sharp reef. Sickness kept him home the third week, or so I was told.",
    "The box was thrown beside the parked truck. These days a chicken leg is a rare dish in our village.",
    "Say it slowly but make it ring clear. The young girl gave no clear response, and the judge sat down.",
)

Generator = np.random.Generator
RECORDINGS = 4


@dataclass(frozen=True)
class Set:
    recordings: list[Audio]
    voice: str


def spoken(text: str, voice: str, generator: Generator) -> Audio:
    if voice in FLITE_VOICES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "spoken.wav"
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
            return read_audio(path).resample(RATE)
    speed, pitch, lively = (int(generator.integers(*span)) for span in ((130, 180), (35, 65), (35, 80)))
    made = speak(text, voice=voice, words_per_minute=speed, pitch=pitch, liveliness=lively)
    return made.audio.resample(RATE)


def clean_set(seed: int, count: int = RECORDINGS) -> Set:
    """Simulate careful home recordings: a little reverb and microphone noise."""
    generator = np.random.default_rng([5, seed])
    voices = VOICES + (FLITE_VOICES if shutil.which("flite") else ())
    voice = voices[seed % len(voices)]
    texts = generator.permutation(len(SENTENCES))[:count]
    level, hiss, decay = generator.uniform(-28, -18), generator.uniform(-60, -45), generator.uniform(0.12, 0.25)
    recordings = []
    for at in texts:
        dry = normalise_loudness(padded(spoken(SENTENCES[at], voice, generator)), level + generator.uniform(-2, 2))
        recordings.append(noisy(roomy(dry, decay, -14.0, generator), -hiss, generator))
    return Set(recordings, voice)


def padded(audio: Audio) -> Audio:
    return audio.with_samples(np.pad(audio.samples, ((0, 0), (RATE // 4, RATE // 4))))


def noisy(audio: Audio, snr_db: float, generator: Generator) -> Audio:
    """Add noise of a random colour."""
    spectrum = np.fft.rfft(generator.standard_normal(audio.frames))
    hertz = np.maximum(np.fft.rfftfreq(audio.frames, 1 / RATE), 40.0)
    noise = np.fft.irfft(spectrum * hertz ** -generator.uniform(0.0, 0.6), audio.frames)
    return audio.with_samples(audio.samples + _beside(audio, noise, -snr_db))


def roomy(audio: Audio, decay_seconds: float, wet_db: float, generator: Generator) -> Audio:
    frames = round(1.2 * decay_seconds * RATE)
    response = generator.standard_normal(frames) * 10 ** (-3 * np.arange(frames) / (decay_seconds * RATE))
    wet = fftconvolve(audio.samples[0], response)[: audio.frames]
    return audio.with_samples(audio.samples + _beside(audio, wet, wet_db))


def _beside(audio: Audio, other: np.ndarray, gain_db: float) -> np.ndarray:
    active = audio.samples[0][np.abs(audio.samples[0]) > 0.1 * np.abs(audio.samples).max()]
    size = np.sqrt(np.mean(active**2) / np.mean(other**2)) / 2
    return (other * size * 10 ** (gain_db / 20))[None].astype(np.float32)


def with_noise(audio: Audio, generator: Generator) -> Audio:
    return noisy(audio, generator.uniform(4, 14), generator)


def with_clipping(audio: Audio, generator: Generator) -> Audio:
    loud = np.sort(np.abs(audio.samples[0]))[-round(generator.uniform(0.004, 0.03) * audio.frames)]
    limit = generator.uniform(0.5, 1.0)
    return audio.with_samples(np.clip(audio.samples / loud, -1, 1).astype(np.float32) * np.float32(limit))


def with_offset(audio: Audio, generator: Generator) -> Audio:
    return audio.with_samples(audio.samples + np.float32(generator.choice([-1, 1]) * generator.uniform(0.03, 0.15)))


def with_room(audio: Audio, generator: Generator) -> Audio:
    return roomy(audio, generator.uniform(0.8, 2.5), generator.uniform(-3, 3), generator)


def with_music(audio: Audio, generator: Generator) -> Audio:
    """Add chords and a beat, as from headphones or a bad separation."""
    times = np.arange(audio.frames) / RATE
    music = np.zeros(audio.frames)
    beat = generator.uniform(0.4, 0.7)
    for count in range(int(times[-1] / beat / 2) + 1):
        root = 110 * 2 ** (generator.integers(0, 12) / 12)
        here = (times >= 2 * beat * count) & (times < 2 * beat * (count + 1))
        since = times[here] - 2 * beat * count
        for interval in (0, generator.choice([3, 4]), 7, 12):
            for harmonic in (1, 2, 3, 4):
                tone = np.sin(2 * np.pi * root * 2 ** (interval / 12) * harmonic * since)
                music[here] += tone / harmonic * np.exp(-since)
    for count in range(int(times[-1] / beat) + 1):
        here = (times >= beat * count) & (times < beat * count + 0.1)
        since = times[here] - beat * count
        music[here] += 4 * np.sin(2 * np.pi * 60 * since) * np.exp(-30 * since)
    return audio.with_samples(audio.samples + _beside(audio, music, -generator.uniform(2, 14)))


def with_hum(audio: Audio, generator: Generator) -> Audio:
    """Add mains hum, which is never exactly 50 or 60 Hz."""
    mains = generator.choice([50, 60]) * (1 + generator.uniform(-1e-3, 1e-3))
    sizes = (1.0, generator.uniform(0, 0.5), generator.uniform(0.2, 0.8), 0.1, generator.uniform(0.1, 0.5))
    turns = np.arange(audio.frames) / RATE * mains
    waves = (
        size * np.sin(2 * np.pi * (harmonic * turns + generator.random())) for harmonic, size in enumerate(sizes, 1)
    )
    return audio.with_samples(audio.samples + _beside(audio, sum(waves), -generator.uniform(4, 22)))


def dull(audio: Audio, generator: Generator) -> Audio:
    """Low-pass filter, or resample to telephone bandwidth."""
    if generator.random() < 0.5:
        return audio.resample(8_000).resample(RATE if generator.random() < 0.5 else 16_000)
    sections = butter(10, generator.uniform(3_000, 4_500), fs=RATE, output="sos")
    return audio.with_samples(sosfiltfilt(sections, audio.samples).astype(np.float32))


def silenced(audio: Audio, generator: Generator) -> Audio:
    """Replace by noise alone, a recording without speech."""
    hiss = generator.standard_normal((1, audio.frames)) * 10 ** (generator.uniform(-70, -40) / 20)
    return audio.with_samples(hiss.astype(np.float32))


def muted(audio: Audio, generator: Generator) -> Audio:
    """Replace by digital silence."""
    return audio.with_samples(np.zeros_like(audio.samples))


def too_quiet(audio: Audio, generator: Generator) -> Audio:
    return normalise_loudness(audio, generator.uniform(-60, -48))


ONE_SOUND: dict[str, Callable[[Audio, Generator], Audio]] = {
    "noise": with_noise,
    "clipping": with_clipping,
    "offset": with_offset,
    "room": with_room,
    "music": with_music,
    "hum": with_hum,
    "dull": dull,
    "no voice": silenced,
    "silent": muted,
    "quiet": too_quiet,
}
OF_ALL = ("uneven", "too little", "few sounds")
"""Faults that a set has as a whole."""
FAULTS = (*ONE_SOUND, "other voice", "duplicate", *OF_ALL)
WORDS = ("Banana.", "Hello.", "One, two.", "Money, money.", "Yes.", "La la la.")


def faulty_set(fault: str, seed: int, count: int = RECORDINGS) -> tuple[Set, int]:
    """A set with that fault, and the recording that has it."""
    generator = np.random.default_rng([6, FAULTS.index(fault), seed])
    clean = clean_set(seed, count)
    recordings = list(clean.recordings)
    sick = int(generator.integers(1, count))
    if fault in ONE_SOUND:
        recordings[sick] = ONE_SOUND[fault](recordings[sick], generator)
    elif fault == "duplicate":
        again = normalise_loudness(recordings[sick - 1], generator.uniform(-28, -18))
        first = int(generator.integers(0, RATE // 2))
        recordings[sick] = noisy(again.slice(first, again.frames), 40.0, generator)
    elif fault == "uneven":
        recordings = [
            normalise_loudness(one, -18 - (at == sick) * generator.uniform(14, 22)) for at, one in enumerate(recordings)
        ]
    elif fault == "too little":
        recordings = recordings[: int(generator.integers(1, 4))]
    elif fault == "few sounds":
        said = " ".join([str(generator.choice(WORDS))] * 12)
        recordings = [
            noisy(normalise_loudness(padded(spoken(said, clean.voice, generator)), -22), 50.0, generator)
            for _ in clean.recordings
        ]
    else:
        recordings[sick] = _with_another(recordings[sick], clean.voice, generator)
    return Set(recordings, clean.voice), sick


def _with_another(own: Audio, voice: str, generator: Generator) -> Audio:
    others = [other for other in VOICES if other[6] != voice[-2:][0] and other != voice]
    other = spoken(SENTENCES[int(generator.integers(len(SENTENCES)))], str(generator.choice(others)), generator)
    made = normalise_loudness(padded(other), -22)
    if generator.random() < 0.5:  # both in one recording, one after the other
        made = own.with_samples(np.concatenate([own.samples, made.samples], axis=1))
    return noisy(made, 50.0, generator)
