"""Word errors of vocals after separation, against the mix and the clean vocals; Whisper is the judge.

    make quality-env
    .quality-env/bin/python bench/separation_words.py FOLDER [--engines repet starter] [--clips 4]

Held-out voices speak and sing sentences that are known; sampled instruments of no training play along (`FOLDER` is that
of `starters.separator.evaluate`).
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from bench.judges import Judges
from bench.word_errors import word_error_rate
from starters.separator.corpus import Mixture, Split, mix, natural_test, render_band
from starters.separator.effects import RATE, Generator, Sound, apply_held_out_reverb, apply_pan
from starters.separator.evaluate import si_sdr
from starters.separator.voices import analyse_voice, extend_treble, make_singing, synthesise_voice, to_corpus_rate
from starters.speech.held_out import HARVARD_SENTENCES
from vc_core.audio import Audio
from vc_core.separation import load_separator

SENTENCES = 4
STRETCH = 1.8
"""How much longer sung vowels are than spoken ones."""


def make_clip(split: Split, number: int, *, sung: bool) -> tuple[str, Mixture]:
    """What is said, and a song of it."""
    generator = np.random.default_rng([51, number, int(sung)])
    voices = split.cast.speakers
    files = voices[number % len(voices)]
    chosen = [files[(SENTENCES * number + turn) % len(files)] for turn in range(SENTENCES)]
    pause = np.zeros(RATE // 3)
    phrases = [part for path in chosen for part in (_perform(path, generator, sung=sung), pause)]
    vocals = apply_held_out_reverb(apply_pan(np.concatenate(phrases), 0.0), generator, wet=0.15)
    band = sum(render_band(split, 100 + number, vocals.shape[1] / RATE).values())
    text = " ".join(HARVARD_SENTENCES[int(path.stem)] for path in chosen)
    return text, mix(vocals, band[:, : vocals.shape[1]], generator)


def _perform(path: Path, generator: Generator, *, sung: bool) -> Sound:
    spoken, rate = soundfile.read(path)
    if not sung:
        return to_corpus_rate(spoken, rate)
    features = extend_treble(analyse_voice(spoken, rate), generator)
    middle_hz = 1.2 * float(np.median(features.pitch[features.pitch > 0]))
    return synthesise_voice(make_singing(features, generator, middle_hz, STRETCH))


def transcribe(judges: Judges, engines: list[str], text: str, mixture: Mixture) -> Iterator[tuple[str, str, float]]:
    """Name of what is judged, what is understood, and the SI-SDR of the vocals."""
    song = Audio(mixture.song, RATE)
    stems = {name: load_separator(name, "cpu").separate(song)["vocals"] for name in engines}
    for name, audio in {"clean": Audio(mixture.vocals, RATE), "mix": song, **stems}.items():
        quality = np.nan if name == "clean" else si_sdr(audio.samples, mixture.vocals)
        yield name, judges.transcribe(audio), quality


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="*", default=["repet", "starter"])
    parser.add_argument("--clips", type=int, default=4)
    asked = parser.parse_args()
    split, judges = natural_test(asked.folder / "speech", asked.folder / "models"), Judges()
    for manner in ("spoken", "sung"):
        pairs, qualities = defaultdict(list), defaultdict(list)
        for number in range(asked.clips):
            text, mixture = make_clip(split, number, sung=manner == "sung")
            for name, understood, quality in transcribe(judges, asked.engines, text, mixture):
                pairs[name].append((text, understood))
                qualities[name].append(quality)
                print(f"{manner} {number}, {name}: {understood}", flush=True)
        for name in pairs:
            rate = word_error_rate(pairs[name])
            print(f"{manner}, {name}: {100 * rate:.1f} % of the words wrong, SI-SDR {np.mean(qualities[name]):.1f} dB")


if __name__ == "__main__":
    main()
