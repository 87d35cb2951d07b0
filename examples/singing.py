"""Synthesise singing from speech: vowels are stretched to the notes, and the pitch is replaced, by WORLD."""

from dataclasses import dataclass

import numpy as np
import pyworld
from scipy.ndimage import gaussian_filter1d

from vc_core.audio import Audio
from vc_core.speech.espeak import Phoneme, Speech

FRAME_SECONDS = 0.005


@dataclass(frozen=True)
class Note:
    midi: float
    start_seconds: float
    seconds: float

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + self.seconds


@dataclass(frozen=True, eq=False)
class Sung:
    audio: Audio
    hertz: np.ndarray
    """True pitch every FRAME_SECONDS: 0 for unvoiced frames, NaN for mostly aperiodic ones."""


def sing(speech: Speech, notes: list[Note], *, seconds: float) -> Audio:
    """Sing one note for each vowel of the text, in order; consonants keep their duration, just before it."""
    return sing_with_pitch(speech, notes, seconds=seconds).audio


def sing_with_pitch(speech: Speech, notes: list[Note], *, seconds: float) -> Sung:
    spoken = speech.audio.samples[0].astype(np.float64)
    rate = speech.audio.sample_rate
    f0, times = pyworld.harvest(spoken, rate, f0_floor=70, f0_ceil=600, frame_period=FRAME_SECONDS * 1000)
    envelope = pyworld.cheaptrick(spoken, f0, times, rate)
    noise = pyworld.d4c(spoken, f0, times, rate)
    voiced = f0 > 0
    for vowel in _vowels_in_frames(speech.phonemes, rate):
        # Make each vowel voiced throughout, and as periodic as its most periodic frames: no creaky voice.
        voiced[vowel] = True
        noise[vowel] = np.minimum(noise[vowel], np.percentile(noise[vowel], 20, axis=0))

    frames = round(seconds / FRAME_SECONDS)
    taken = _spoken_frame_of(speech.phonemes, notes, rate, frames)
    heard = taken >= 0
    at = np.clip(np.nan_to_num(taken), 0, len(f0) - 1)
    low, part = np.floor(at).astype(int), (at % 1)[:, None]
    high = np.minimum(low + 1, len(f0) - 1)
    sung_envelope = np.exp((1 - part) * np.log(envelope[low]) + part * np.log(envelope[high]))
    sung_noise = (1 - part) * noise[low] + part * noise[high]
    # Fade in and out without clicks.
    level = gaussian_filter1d(heard.astype(float), 0.02 / FRAME_SECONDS)
    sung_envelope = sung_envelope * np.maximum(level, 1e-6)[:, None] ** 2
    sung_f0 = np.where(voiced[low] & heard, _melody_hz(notes, frames), 0.0)
    samples = pyworld.synthesize(sung_f0, np.ascontiguousarray(sung_envelope), sung_noise, rate, FRAME_SECONDS * 1000)
    audio = Audio(samples[None, : round(seconds * rate)].astype(np.float32), rate)
    # Below about 2 kHz, where pitch is perceived.
    breath = sung_noise[:, : round(2_000 / (rate / 2) * sung_noise.shape[1])].mean(axis=1)
    return Sung(audio, np.where((sung_f0 > 0) & ((breath > 0.5) | (level < 0.5)), np.nan, sung_f0))


def _vowels_in_frames(phonemes: list[Phoneme], rate: int) -> list[slice]:
    spans = [(p.start / rate / FRAME_SECONDS, p.end / rate / FRAME_SECONDS) for p in phonemes if p.is_vowel]
    return [slice(round(first), round(last)) for first, last in spans]


def _spoken_frame_of(phonemes: list[Phoneme], notes: list[Note], rate: int, frames: int) -> np.ndarray:
    """The spoken frame for each sung frame; -1 for silence."""
    vowels = [at for at, phoneme in enumerate(phonemes) if phoneme.is_vowel]
    if len(vowels) != len(notes):
        spoken = " ".join(phoneme.name for phoneme in phonemes)
        raise ValueError(f"{len(vowels)} vowels for {len(notes)} notes: {spoken}")
    anchors: list[tuple[float, float]] = []
    for count, (at, note) in enumerate(zip(vowels, notes, strict=True)):
        onset = at
        while onset > 0 and not phonemes[onset - 1].is_vowel:
            onset -= 1
        lead = (phonemes[at].start - phonemes[onset].start) / rate
        anchors.append((note.start_seconds - lead, phonemes[onset].start / rate))
        anchors.append((note.start_seconds, phonemes[at].start / rate))
        following = phonemes[vowels[count + 1]] if count + 1 < len(vowels) else None
        coda_end = next((p.end for p in phonemes[at + 1 :] if p.is_vowel or p.name.startswith("_")), phonemes[-1].end)
        after = 0.0 if following else (coda_end - phonemes[at].end) / rate
        anchors.append((note.end_seconds - after, phonemes[at].end / rate))
        if not following:
            anchors.append((note.end_seconds, coda_end / rate))
    sung, taken = _rising([a for a, _ in anchors]), [b for _, b in anchors]
    times = np.arange(frames) * FRAME_SECONDS
    return np.where((times >= sung[0]) & (times <= sung[-1]), np.interp(times, sung, taken) / FRAME_SECONDS, -1.0)


def _rising(times: list[float]) -> np.ndarray:
    """Squeeze consonants that would start before the previous note."""
    squeezed = np.array(times)
    for at in range(len(squeezed) - 2, -1, -1):
        squeezed[at] = min(squeezed[at], squeezed[at + 1] - 0.01)
    return squeezed


def _melody_hz(notes: list[Note], frames: int) -> np.ndarray:
    """Pitch of the notes in Hz, with short glides and a vibrato that grows on long notes."""
    times = np.arange(frames) * FRAME_SECONDS
    semitones = np.full(frames, notes[0].midi, float)
    vibrato = np.zeros(frames)
    for note in notes:
        semitones[times >= note.start_seconds - 0.03] = note.midi
        since = times - note.start_seconds - 0.25
        sounding = (since > 0) & (times < note.end_seconds)
        vibrato[sounding] = np.minimum(since[sounding] / 0.3, 1.0) * 0.35 * np.sin(2 * np.pi * 5.5 * since[sounding])
    glided = gaussian_filter1d(semitones, 0.025 / FRAME_SECONDS)
    return 440 * 2 ** ((glided + gaussian_filter1d(vibrato, 0.02 / FRAME_SECONDS) - 69) / 12)
