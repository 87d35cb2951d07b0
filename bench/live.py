"""Live conversion measured without hardware: delay, lateness, load, pitch and clicks; and what it costs in words.

    python bench/live.py [--minutes 10] [--voices Clara Max]
    python bench/live.py --words [--folder F] [--sources jm_kumo rms] [--sentences 6]

The first form needs nothing beside the package. With --words the judges of bench/quality.py compare the stream with the
engine for whole songs; F is that of bench/quality.py. All of it runs on one thread.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from measure import ROOT, machine

sys.path.insert(0, str(ROOT))

from starters.instant.evaluate import measure_held_note
from vc_core.audio import Audio, join_blocks
from vc_core.conversion import STARTER_VOICES, ConversionOptions, Converter, load_converter
from vc_core.conversion.live import LOOK_AHEADS, LiveSettings, open_live
from vc_core.conversion.streaming.equal_blocks import EqualBlocks
from vc_core.files.reading import read_audio
from vc_core.voices.library import VoiceLibrary

SAMPLE_RATE = 48_000
AS_SUNG = ConversionOptions(automatic_key="off")
BLOCKS_SECONDS = (0.01, 0.02, 0.04)
CLICK_SECONDS = 0.5, 0.004
"""When it sounds, and for how long."""


class LiveConverter:
    """Converts a recording as if it were sung live, behind the one before; takes the place of a `Converter`."""

    def __init__(self, converter: Converter, settings: LiveSettings) -> None:
        self._converter, self._settings = converter, settings
        self.voice = converter.voice
        self._before: Audio | None = None

    def convert(self, song: Audio, options: ConversionOptions) -> Audio:
        stream = open_live(self._converter, options, self._settings)
        before, self._before = self._before, song
        joined = join_blocks([before, song]) if before and before.sample_rate == song.sample_rate else song
        size = round(stream.block_seconds * song.sample_rate)
        made = [one for at in range(0, joined.frames, size) for one in stream.feed(joined.slice(at, at + size))]
        made = join_blocks([*made, *stream.finish()])
        return made.slice(made.frames - round(song.seconds * made.sample_rate), made.frames)


def measure_click_delay(blocks: EqualBlocks) -> float:
    """Seconds from a click to the middle of the output's energy, as a device would play it: a block has to be full."""
    at, seconds = CLICK_SECONDS
    sound = np.zeros(2 * SAMPLE_RATE, np.float32)
    sound[round(at * SAMPLE_RATE) :][: round(seconds * SAMPLE_RATE)] = 0.5
    frames = blocks.block_frames
    made = np.concatenate([blocks.process(sound[at : at + frames]) for at in range(0, len(sound) - frames, frames)])
    energy = np.square(made, dtype=np.float64)
    middle = float((np.arange(len(made)) * energy).sum() / energy.sum()) / SAMPLE_RATE
    return middle - (at + seconds / 2) + blocks.block_seconds


def print_delays(converter: Converter, song: Audio) -> None:
    print("\n| block, ms | look-ahead, ms | stated, ms | by a click, ms | computing, ms | 99 % | in all, ms |")
    print("|---|---|---|---|---|---|---|")
    for look_ahead in LOOK_AHEADS:
        for seconds in BLOCKS_SECONDS:
            settings = LiveSettings(block_seconds=seconds, look_ahead_seconds=look_ahead, sample_rate=SAMPLE_RATE)
            blocks = EqualBlocks(open_live(converter, AS_SUNG, settings))
            click = measure_click_delay(EqualBlocks(open_live(converter, AS_SUNG, settings)))
            work = []
            for block in cut(song, blocks.block_frames):
                started = time.perf_counter()
                blocks.process(block)
                work.append(1000 * (time.perf_counter() - started))
            stated = 1000 * blocks.delay_seconds
            numbers = (1000 * seconds, 1000 * look_ahead, stated, 1000 * click)
            print(
                "| " + " | ".join(f"{one:.0f}" for one in numbers),
                f"| {np.mean(work):.1f} | {np.percentile(work, 99):.1f} | {stated + np.mean(work):.0f} |",
                flush=True,
            )


def cut(song: Audio, frames: int) -> list[np.ndarray]:
    return [song.samples[0, at : at + frames] for at in range(0, song.frames - frames + 1, frames)]


def print_lateness(converter: Converter, song: Audio, minutes: float, *, busy: bool) -> None:
    """In real time: a block is late if its output isn't there when the next one has been recorded.

    Pauses of the machine itself count as well, and delay the blocks behind them.
    """
    blocks = EqualBlocks(open_live(converter, AS_SUNG, LiveSettings(sample_rate=SAMPLE_RATE)))
    recorded = cut(song, blocks.block_frames)
    others = [multiprocessing.Process(target=keep_busy, daemon=True) for _ in range(int(busy))]
    for one in others:
        one.start()
    count, late, longest = round(60 * minutes / blocks.block_seconds), 0, 0.0
    begun, processor = time.perf_counter(), time.process_time()
    for number in range(count):
        due = begun + (number + 1) * blocks.block_seconds  # when the block has been recorded
        time.sleep(max(0.0, due - time.perf_counter()))
        computing = time.thread_time()
        blocks.process(recorded[number % len(recorded)])
        longest = max(longest, time.thread_time() - computing)
        late += time.perf_counter() > due + blocks.block_seconds
    share = (time.process_time() - processor) / (time.perf_counter() - begun)
    for one in others:
        one.terminate()
    beside = "beside a process that fills the other core" if busy else "alone"
    print(
        f"{minutes:g} minutes {beside}: {late} of {count} blocks late, {share:.0%} of one core; the longest block took "
        f"{1000 * longest:.0f} ms of processor time.",
        flush=True,
    )


def keep_busy() -> None:
    while True:
        np.linalg.svd(np.random.default_rng(0).standard_normal((300, 300)))


def print_held_notes(converters: Sequence[Converter]) -> None:
    for converter in converters:
        live = LiveConverter(converter, LiveSettings())
        share, jump = measure_held_note(live, 110.0)  # type: ignore[arg-type]
        print(
            f"{converter.voice.name}: {share:.1%} of a sweep within 20 cents; largest jump {jump:.1f} (a click: > 4)."
        )


def print_words(asked: argparse.Namespace, converters: Sequence[Converter]) -> None:
    from quality import Scoreboard  # needs the judges
    from quality_table import mean_scores

    from starters.speech.held_out import HARVARD_SENTENCES

    class LiveScoreboard(Scoreboard):
        settings: LiveSettings | None = None

        def _score(self, converter, source):  # noqa: ANN001, ANN202
            return super()._score(LiveConverter(converter, self.settings) if self.settings else converter, source)

    print("\n| | words wrong | likeness | P.808 | cents off | voicing off |\n|---|---|---|---|---|---|")
    forms = [
        ("whole song", None),
        *((f"live, {1000 * one:.0f} ms", LiveSettings(look_ahead_seconds=one)) for one in LOOK_AHEADS),
    ]
    for name, settings in forms:
        with tempfile.TemporaryDirectory() as folder:
            for shared in ("sources", "models"):
                (asked.folder / shared).mkdir(parents=True, exist_ok=True)
                (Path(folder) / shared).symlink_to(asked.folder / shared)
            board = LiveScoreboard(Path(folder), HARVARD_SENTENCES[: asked.sentences], resumes=False, pause_file=None)
            board.settings = settings
            rows = [board._score(converter, source) for converter in converters for source in asked.sources]
        one = mean_scores(rows)
        print(
            f"| {name} | {one.word_errors:.1%} | {one.likeness:.2f} | {one.p808:.2f} | {one.cents:.0f} "
            f"| {one.voicing:.1%} |".replace("%", " %"),
            flush=True,
        )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--voices", nargs="+", default=["Clara", "Max"])
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "quality-bench")
    parser.add_argument("--sources", nargs="+", default=["jm_kumo", "rms"])
    parser.add_argument("--sentences", type=int, default=6)
    return parser.parse_args()


def main() -> None:
    torch.set_num_threads(1)
    asked, library = read_arguments(), VoiceLibrary(STARTER_VOICES)
    converters = [load_converter(library.find(name)) for name in asked.voices]
    print(machine())
    if asked.words:
        print_words(asked, converters)
        return
    song = read_audio(ROOT / "examples" / "sung_line.flac").to_mono().resample(SAMPLE_RATE)
    print_delays(converters[0], song)
    print_held_notes(converters)
    for busy in (False, True):
        print_lateness(converters[0], song, asked.minutes, busy=busy)


if __name__ == "__main__":
    main()
