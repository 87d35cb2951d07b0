"""Speech that sings: shards for the content encoder in which the vowels are held on the notes of a melody.

    python -m starters.instant.singing SHARDS

WORLD takes the speech apart and puts it together again with another pitch and timing (M. Morise et al., 2016). The
teacher's features of the spoken sentence move along in time.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyworld
from scipy.ndimage import binary_erosion, gaussian_filter1d

from starters.instant.teacher import SAMPLE_RATE, Heard, read_shard, write_shard
from starters.separator.effects import Generator, log_uniform

FRAME_MS = 5.0
FRAMES_PER_SECOND = 200
SCALE = (0, 2, 4, 5, 7, 9, 11)
EDGE_FRAMES = 8
"""Voiced frames nearer to a consonant keep their tempo."""
LOWEST_HZ, HIGHEST_HZ = 70.0, 900.0
SUNG_EVERY = 2
Floats = npt.NDArray[np.float64]


def sing(heard: Heard, generator: Generator) -> Heard | None:
    """The same words on a melody; None if nothing is voiced."""
    samples = heard.samples.astype(np.float64) / 32767
    hertz, times = pyworld.dio(samples, SAMPLE_RATE, frame_period=FRAME_MS)
    hertz = pyworld.stonemask(samples, hertz, times, SAMPLE_RATE)
    voiced = hertz > 0
    if voiced.mean() < 0.2:
        return None
    envelope = pyworld.cheaptrick(samples, hertz, times, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(samples, hertz, times, SAMPLE_RATE)
    held = binary_erosion(voiced, iterations=EDGE_FRAMES)
    stretch = gaussian_filter1d(np.where(held, log_uniform(generator, 1, 3.5), log_uniform(generator, 0.85, 1.3)), 2.0)
    ends = np.cumsum(stretch)
    at = np.interp(np.arange(int(ends[-1])), ends - stretch / 2, np.arange(len(stretch)))
    near = np.round(at).astype(int)
    melody = draw_melody(voiced[near], float(np.median(hertz[voiced])), generator)
    sung = pyworld.synthesize(melody, envelope[near], aperiodicity[near], SAMPLE_RATE, FRAME_MS)
    frames = min(len(sung) * 50 // SAMPLE_RATE, len(at) // 4)
    places = np.clip(at[: 4 * frames : 4] / 4, 0, len(heard.features) - 1)
    features = heard.features[np.round(places).astype(int)]
    sung = np.clip(np.round(sung[: frames * SAMPLE_RATE // 50] * 32767), -32768, 32767).astype(np.int16)
    return replace(heard, samples=sung, features=features)


def draw_melody(voiced: npt.NDArray[np.bool_], middle_hz: float, generator: Generator) -> Floats:
    """Pitch in hertz for each frame: notes of a scale with glides and vibrato; 0 where unvoiced."""
    semitones = np.zeros(len(voiced))
    key, degree = generator.uniform(-5, 12), int(generator.integers(-4, 5))
    start = 0
    while start < len(voiced):
        stop = start + round(log_uniform(generator, 0.15, 1.2) * FRAMES_PER_SECOND)
        octave, step = divmod(degree, len(SCALE))
        semitones[start:stop] = key + 12 * octave + SCALE[step]
        degree = int(np.clip(degree + generator.integers(-3, 4), -7, 7))
        start = stop
    semitones = gaussian_filter1d(semitones, generator.uniform(2, 12))
    swing = 2 * np.pi * np.cumsum(generator.normal(5.5, 0.3, len(voiced))) / FRAMES_PER_SECOND
    semitones += generator.uniform(0, 0.6) * np.sin(swing) + gaussian_filter1d(generator.normal(0, 0.5, len(voiced)), 6)
    return np.where(voiced, np.clip(middle_hz * 2 ** (semitones / 12), LOWEST_HZ, HIGHEST_HZ), 0.0)


def main(shards: Path) -> None:
    for path in sorted(shards.glob("[0-9]*.npz")):
        target = shards / f"sung-{path.name}"
        if target.exists():
            continue
        generator = np.random.default_rng([41, int(path.stem)])
        write_shard([sung for heard in read_shard(path)[::SUNG_EVERY] if (sung := sing(heard, generator))], target)
        print(target.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
