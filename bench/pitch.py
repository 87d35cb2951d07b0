"""Accuracy and cost of the pitch methods on synthetic singing with known pitch.

RMVPE is included if its weights are installed.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
from measure import ROOT, machine

sys.path.insert(0, str(ROOT / "examples"))
from make_examples import BEAT_SECONDS, LINES
from singing import FRAME_SECONDS, Note, Sung, sing_with_pitch

from vc_core.audio import Audio, join_blocks
from vc_core.files.reading import read_audio
from vc_core.signal.pitch import METHODS, Pitch, PitchEstimator, estimate_pitch, load_pitch_method
from vc_core.speech.espeak import speak

RATE = 44_100
LINE_SECONDS = round(8 * BEAT_SECONDS / FRAME_SECONDS) * FRAME_SECONDS
KEYS = (-12, -5, 0, 7)
"""In semitones: from a bass to a soprano."""
GROSS_CENTS = 50.0
NOISE_DB, BAND_DB = -15.0, -6.0


def sung_in(key: int) -> Sung:
    """The example song's lines in another key, without its room."""
    audio, hertz = [], []
    for text, melody in LINES:
        notes, at = [], 0.15
        for midi, beats in melody:
            if midi:
                notes.append(Note(midi + key, at, beats * BEAT_SECONDS * 0.98))
            at += beats * BEAT_SECONDS
        speech = speak(text, words_per_minute=140, pitch=60, liveliness=20)
        line = sing_with_pitch(speech, notes, seconds=LINE_SECONDS)
        audio.append(line.audio)
        hertz.append(line.hertz)
    whole = join_blocks(audio).resample(RATE)
    return Sung(whole.with_samples(0.7 * whole.samples / np.abs(whole.samples).max()), np.concatenate(hertz))


def among(sung: Sung, other: Audio, decibels: float) -> Sung:
    """With something else, so much louder than the voice."""
    level = np.sqrt((sung.audio.samples**2).mean() / (other.samples**2).mean()) * 10 ** (decibels / 20)
    frames = sung.audio.frames
    tiled = np.resize(other.samples[0], frames)[None]
    return Sung(sung.audio.with_samples(sung.audio.samples + level.astype(np.float32) * tiled), sung.hertz)


def conditions() -> Iterator[tuple[str, list[Sung]]]:
    voice = read_audio(ROOT / "tests" / "data" / "song_vocals.flac").to_mono()
    song = read_audio(ROOT / "examples" / "song.flac").to_mono()
    clean = [sung_in(key) for key in KEYS]
    hiss = np.random.default_rng(0).standard_normal((1, RATE * 30)).astype(np.float32)
    yield "alone", clean
    yield "with noise", [among(sung, Audio(hiss, RATE), NOISE_DB) for sung in clean]
    yield "with a band", [among(sung, song.with_samples(song.samples - voice.samples), BAND_DB) for sung in clean]


def errors(found: list[Pitch], sung: list[Sung]) -> tuple[float, float, float]:
    """Mean cents where it is right, gross errors of what both call voiced, and voicing errors of all; in per cent."""
    fine, gross, voicing = [], [], []
    for pitch, truth in zip(found, sung, strict=True):
        frames = min(pitch.frames, len(truth.hertz))
        known = ~np.isnan(truth.hertz[:frames])
        heard, wanted = pitch.hertz[:frames][known], truth.hertz[:frames][known]
        both = (heard > 0) & (wanted > 0)
        cents = np.abs(1200 * np.log2(heard[both] / wanted[both]))
        fine.append(cents[cents <= GROSS_CENTS])
        gross.append(cents > GROSS_CENTS)
        voicing.append((heard > 0) != (wanted > 0))
    return (
        float(np.concatenate(fine).mean()),
        100 * float(np.concatenate(gross).mean()),
        100 * float(np.concatenate(voicing).mean()),
    )


def cost(method: PitchEstimator, audio: Audio) -> float:
    """Seconds of one core for a second of sound."""
    estimate_pitch(audio.slice(0, RATE), method)
    started = time.process_time()
    estimate_pitch(audio, method)
    return (time.process_time() - started) / audio.seconds


def main() -> None:
    torch.set_num_threads(1)
    print(machine(), end="\n\n")
    rows = list(conditions())
    names = sys.argv[1:] or [
        name for name, choice in METHODS.items() if choice.is_installed() and not choice.download_megabytes(None)
    ]
    heads = [f"{title}: cents | gross | voicing" for title, _ in rows]
    print("| method | " + " | ".join(heads) + " | s per s |\n|---|" + "---|---|---|" * len(rows) + "---|")
    for name in names:
        method = load_pitch_method(name)
        cells = []
        for _, sung in rows:
            found = [estimate_pitch(one.audio, method, hop_seconds=FRAME_SECONDS) for one in sung]
            cents, gross, voicing = errors(found, sung)
            cells += [f"{cents:.1f}", f"{gross:.1f} %", f"{voicing:.1f} %"]
        print(f"| {name} | " + " | ".join(cells) + f" | {cost(method, rows[0][1][0].audio):.3f} |", flush=True)


if __name__ == "__main__":
    main()
