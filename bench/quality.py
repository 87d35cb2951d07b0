"""The quality scoreboard: do words, naturalness, speaker and pitch survive a conversion? Asked of independent judges.

    python bench/quality.py [--folder F] [--sentences 12] [--sources rms …] [--voices Clara …] [--write]
    python bench/quality.py --sentences 3 --sources jm_kumo rms --voices Clara Max --most-lost 20

With --most-lost, only words are judged, and the exit status is 1 if a voice loses more percentage points of them. The
recordings of this second line are in bench/recordings, so it needs neither Kokoro nor flite.

It needs requirements-judges.txt beside requirements.txt, Debian's flite and espeak-ng, and npm. The sources and the
sentences are held out of all training (starters/speech/held_out.py). Any engine that `load_converter` knows can be
scored: the starter voices, or with --library the voices of a folder. F caches models, sources and their judgments.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
import torch
from measure import ROOT, machine

sys.path.insert(0, str(ROOT))

from judges import Judges, Judgment, mean_embedding
from metrics import pitch_errors
from quality_table import Scores, markdown_table, write_section
from word_errors import word_error_rate

from starters.instant.recordings import say
from starters.instant.starter_voices import STARTER_VOICES as STARTERS
from starters.speech.held_out import FLITE_VOICES, HARVARD_SENTENCES, KOKORO_VOICES
from starters.speech.kokoro import Blend, Kokoro, fetch_models
from starters.speech.speakers import english_of
from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES, ConversionOptions, Converter, load_converter
from vc_core.signal.pitch import Pitch, estimate_pitch
from vc_core.voices.library import Voice, VoiceLibrary

KEPT_RECORDINGS = Path(__file__).parent / "recordings"
SOURCES = (*KOKORO_VOICES, *FLITE_VOICES)
ITSELF = "itself"
"""The voice's own recordings as a source: what its decoder alone costs."""
RECORDED_AS = {starter.name: starter.kokoro for starter in STARTERS} | {name: name for name in (*SOURCES, "awb")}
"""Who spoke a voice's recordings: of the starters, and of those that bench/new_voice.py makes."""
PITCH_METHOD = "fcpe"
"""Not the engine's own, or it would measure itself."""
OPTIONS = ConversionOptions(automatic_key="semitones")
AS_IT_IS = ConversionOptions(automatic_key="off")


@dataclass(frozen=True)
class Converted:
    """One converted sentence."""

    judgment: Judgment
    correlation: float
    cents: float
    voicing: float


class Recordings:
    """What the speakers say, and what the judges say of it; both are made once and stay in a folder."""

    def __init__(self, folder: Path, judges: Judges) -> None:
        self._models, self._folder, self._judges = folder / "models", folder / "sources", judges
        if not self._folder.exists():
            shutil.copytree(KEPT_RECORDINGS, self._folder)

    def read(self, speaker: str, text: str) -> Audio:
        path = self._path(speaker, text, ".flac")
        if not path.exists():
            made = self._say(speaker, text)
            unfinished = path.with_suffix(".part")
            soundfile.write(unfinished, np.clip(made.samples[0], -1, 1), made.sample_rate, format="FLAC")
            unfinished.rename(path)
        samples, sample_rate = soundfile.read(path, dtype="float32")
        return Audio(samples[None], sample_rate)

    def judge(self, speaker: str, text: str) -> Judgment:
        path = self._path(speaker, text, ".json")
        if not path.exists():
            path.write_text(json.dumps(asdict(self._judges.judge(self.read(speaker, text)))), "utf-8")
        return Judgment(**json.loads(path.read_text("utf-8")))

    def _path(self, speaker: str, text: str, suffix: str) -> Path:
        return self._folder / f"{speaker.replace('*', '-x')}-{hashlib.sha256(text.encode()).hexdigest()[:10]}{suffix}"

    def _say(self, speaker: str, text: str) -> Audio:
        """By a voice of Kokoro, or by one of flite as `starters.instant.recordings` names them."""
        if "_" not in speaker:
            return say(speaker, text)
        return self._kokoro.say(text, Blend(speaker), language=english_of(speaker))

    @cached_property
    def _kokoro(self) -> Kokoro:
        fetch_models(self._models)
        return Kokoro(self._models)


class Scoreboard:
    """Converts and judges sentence by sentence; every result is a line of a file, from which it can be resumed."""

    def __init__(
        self, folder: Path, sentences: Sequence[str], *, resumes: bool, pause_file: Path | None, likeness: bool = True
    ) -> None:
        """With `likeness`, the voices' own recordings are needed."""
        self._likeness = likeness
        self._judges = Judges()
        self._sentences, self._pause_file = sentences, pause_file
        self._recordings = Recordings(folder, self._judges)
        self._results = folder / "results.jsonl"
        lines = self._results.read_text("utf-8").splitlines() if resumes and self._results.exists() else []
        self._known = {tuple(row["key"]): row["result"] for row in map(json.loads, lines)}
        if not resumes:
            self._results.unlink(missing_ok=True)

    def rows(self, sources: Sequence[str], voices: Sequence[Voice]) -> Iterator[tuple[str, str, Scores]]:
        for voice in voices:
            converter = load_converter(voice)
            own = (ITSELF,) if self._likeness and voice.name in RECORDED_AS else ()
            for source in (*sources, *own):
                yield source, voice.name, self._score(converter, source)

    def _score(self, converter: Converter, source: str) -> Scores:
        name = converter.voice.name
        speaker = RECORDED_AS[name] if source == ITSELF else source
        options = AS_IT_IS if source == ITSELF else OPTIONS
        made = [self._result(converter, speaker, text, options) for text in self._sentences]
        before = [self._recordings.judge(speaker, text) for text in self._sentences]
        known = self._likeness and name in RECORDED_AS
        own = [self._recordings.judge(RECORDED_AS[name], text) for text in self._sentences if known]
        after = [one.judgment for one in made]
        return Scores(
            word_errors=word_error_rate(zip(self._sentences, (one.text for one in after), strict=True)),
            source_word_errors=word_error_rate(zip(self._sentences, (one.text for one in before), strict=True)),
            overall=_mean([one.overall for one in after]),
            source_overall=_mean([one.overall for one in before]),
            p808=_mean([one.p808 for one in after]),
            source_p808=_mean([one.p808 for one in before]),
            likeness=likeness(after, own),
            source_likeness=likeness(after, before),
            strangers=likeness(before, own),
            correlation=_mean([one.correlation for one in made]),
            cents=_mean([one.cents for one in made]),
            voicing=_mean([one.voicing for one in made]),
        )

    def _result(self, converter: Converter, speaker: str, text: str, options: ConversionOptions) -> Converted:
        files = "".join(sorted(converter.voice.card.files.values()))
        key = (converter.voice.name, hashlib.sha256(files.encode()).hexdigest(), speaker, text, options.automatic_key)
        if key not in self._known:
            while self._pause_file is not None and self._pause_file.exists():
                time.sleep(5)
            self._known[key] = asdict(self._convert(converter, self._recordings.read(speaker, text), options))
            with self._results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "result": self._known[key]}) + "\n")
        known = self._known[key]
        return Converted(**known | {"judgment": Judgment(**known["judgment"])})

    def _convert(self, converter: Converter, source: Audio, options: ConversionOptions) -> Converted:
        made = converter.convert(source, options)
        wanted, found = (estimate_pitch(audio, PITCH_METHOD) for audio in (source, made))
        errors = pitch_errors(transpose_like(wanted, found), found)
        return Converted(self._judges.judge(made), errors.correlation, errors.rmse_cents, errors.voicing)


def transpose_like(wanted: Pitch, found: Pitch) -> Pitch:
    """`wanted` in the key of `found`: whole semitones, which the automatic key may have chosen."""
    frames = min(wanted.frames, found.frames)
    both = wanted.voiced[:frames] & found.voiced[:frames]
    if not both.any():
        return wanted
    semitones = 12 * np.log2(found.hertz[:frames][both] / wanted.hertz[:frames][both])
    factor = np.float32(2 ** (np.round(np.median(semitones)) / 12))
    return Pitch(wanted.hertz * factor, wanted.confidence, wanted.hop_seconds)


def likeness(made: Sequence[Judgment], voice: Sequence[Judgment]) -> float:
    """Mean cosine of each sentence's embedding and the voice's mean one; NaN if no recording of it is known."""
    if not voice:
        return float("nan")
    target = mean_embedding([one.embedding for one in voice])
    return float(np.mean([np.asarray(one.embedding) @ target for one in made]))


def _mean(values: Sequence[float]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "quality-bench")
    parser.add_argument("--library", type=Path, default=STARTER_VOICES, help="a folder of voices")
    parser.add_argument("--sources", nargs="+", default=list(SOURCES))
    parser.add_argument("--voices", nargs="+", help="all of the library, if none is named")
    parser.add_argument("--sentences", type=int, default=len(HARVARD_SENTENCES))
    parser.add_argument("--resume", action="store_true", help="go on from an interrupted run of the same program")
    parser.add_argument("--most-lost", type=float, help="percentage points of words that a voice may lose")
    parser.add_argument("--pause-file", type=Path, help="nothing is done while this file exists")
    parser.add_argument("--write", action="store_true", help="write the table into docs/bench.md")
    return parser.parse_args()


def main() -> None:
    torch.set_num_threads(1)
    asked = read_arguments()
    asked.folder.mkdir(parents=True, exist_ok=True)
    library = VoiceLibrary(asked.library)
    voices = [library.find(name) for name in asked.voices] if asked.voices else library.list()
    board = Scoreboard(
        asked.folder,
        HARVARD_SENTENCES[: asked.sentences],
        resumes=asked.resume,
        pause_file=asked.pause_file,
        likeness=asked.most_lost is None,
    )
    rows = []
    for row in board.rows(asked.sources, voices):
        rows.append(row)
        print(markdown_table([row]).splitlines()[2], flush=True)
    table = markdown_table(rows)
    print(f"\n{machine()}\n\n{table}")
    if asked.write:
        note = f"{asked.sentences} Harvard sentences by speakers that no training heard; the judges are independent."
        write_section(ROOT / "docs" / "bench.md", f"## Do the words survive? (`bench/quality.py`)\n\n{note}\n\n{table}")
    if asked.most_lost is not None:
        sys.exit(int(max([lost_points(rows, voice.name) for voice in voices]) > asked.most_lost))


def lost_points(rows: Sequence[tuple[str, str, Scores]], voice: str) -> float:
    """Percentage points of words that a conversion to the voice loses, mean of the sources."""
    lost = [scores.word_errors - scores.source_word_errors for _, name, scores in rows if name == voice]
    print(f"{voice} loses {100 * np.mean(lost):.1f} points of the words")
    return float(100 * np.mean(lost))


if __name__ == "__main__":
    main()
