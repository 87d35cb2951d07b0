"""The stages of a cover: each writes files that are kept for a while under a hash of all that went into them.

So a change of the key does again what depends on the key, and nothing else; what was stopped goes on where it was.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.conversion import load_converter
from vc_core.device import choose_device
from vc_core.emotion import DEFAULT_STYLER, StyleOptions, load_styler
from vc_core.errors import UserError
from vc_core.key_advisor import KeyAdvice, advise, draw_advice
from vc_core.loudness import gained
from vc_core.loudness_meter import loudness_of
from vc_core.melody import surely_sung
from vc_core.mixing import MixPlan, Track, track_paths, write_mix
from vc_core.pitch import Pitch
from vc_core.preflight import Speeds, Step
from vc_core.progress import Progress, part_of
from vc_core.provenance import Provenance, sha256_of
from vc_core.reading import AudioFile, open_audio
from vc_core.recipes.options import Cover, CoverOptions, seconds_of, steps_of_cover
from vc_core.reverb import in_room, missing_room, room_around
from vc_core.separation import SeparatorOptions, load_separator
from vc_core.slicing import Windows, stream_in_windows
from vc_core.stage_cache import StageCache, stage_key
from vc_core.transposing import transposed
from vc_core.voices import Voice
from vc_core.writing import AudioWriter

STAGE_FORMAT = "wav32"
"""Between stages nothing is rounded, limited or compressed."""
STAGE_MEGABYTES = 4_000
"""What a WAV file can hold."""
STYLE_WINDOWS = Windows(seconds=20.0, context_seconds=1.0, fade_seconds=0.05, align_seconds=0.02)
STYLE_OPTIONS = StyleOptions(changes_tempo=False, is_singing=True)
MOST_LEVELLING_DB = 20.0
STEP_TITLES = {
    "separate": "Separating",
    "listen": "Finding the melody",
    "convert": "Converting",
    "emotion": "Adding emotion",
    "match": "Matching",
    "transpose": "Moving the music",
    "mix": "Mixing",
}


def separation_key(song: AudioFile, options: CoverOptions) -> str:
    return stage_key("separated", sha256_of(song.path), song.span, options.separator)


@contextmanager
def begun(
    song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, progress: Progress
) -> Iterator["Making"]:
    if seconds_of(song) * song.sample_rate * song.channels * 4 > STAGE_MEGABYTES * 1e6:
        raise UserError("This song has a very high sample rate for its length. Save it at 48,000 Hz, or cut it.")
    with cache.workplace() as place:
        yield Making(song, voice, options, cache, place, progress)


class Making:
    """One cover while it is made: its files, what went into each, and how far it is."""

    def __init__(
        self, song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, place: Path, progress: Progress
    ) -> None:
        self._song, self._voice, self._options = song, voice, options
        self._cache, self._place, self._progress = cache, place, progress
        self._steps = steps_of_cover(song, voice, options)
        self._shares = _shares(self._steps)
        self._done = 0.0
        self._sung_key = stage_key("song", sha256_of(song.path), song.span)
        self._notes: list[str] = []

    def separated(self) -> Path:
        def make(folder: Path, progress: Progress) -> None:
            separator = load_separator(self._options.separator, choose_device(), SeparatorOptions())
            separator.separate_file(self._song, folder, format_name=STAGE_FORMAT, progress=progress)

        return self._stage("separate", separation_key(self._song, self._options), make)

    def advice(self) -> KeyAdvice:
        """Also finds what is sung: all that comes after begins with it."""
        self._sung = self._song
        if not self._options.vocals_are_clean:
            folder = self.separated()
            self._sung, self._music = (open_audio(folder / f"{name}.wav") for name in ("vocals", "accompaniment"))
            self._sung_key = separation_key(self._song, self._options)

        def make(folder: Path, progress: Progress) -> None:
            song = self._sung
            pitch = surely_sung(song.blocks(), frames=song.frames, sample_rate=song.sample_rate, progress=progress)
            np.savez(folder / "pitch.npz", hertz=pitch.hertz, confidence=pitch.confidence, hop=pitch.hop_seconds)

        folder = self._stage("listen", stage_key("pitch", self._sung_key), make)
        with np.load(folder / "pitch.npz") as saved:
            pitch = Pitch(saved["hertz"], saved["confidence"], float(saved["hop"]))
        return advise(pitch, self._voice.card.pitch_range_hz, self._options.key)

    def converted(self, shift: float) -> AudioFile:
        options = replace(self._options.conversion, automatic_key="off", key_shift_semitones=shift)
        card = self._voice.card

        def make(folder: Path, progress: Progress) -> None:
            target = folder / "converted.wav"
            converter = load_converter(self._voice)
            converter.convert_file(self._sung, target, options, format_name=STAGE_FORMAT, progress=progress)

        self._made_key = stage_key("converted", self._sung_key, card.engine, dict(card.files), asdict(options))
        self._new_voice = open_audio(self._stage("convert", self._made_key, make) / "converted.wav")
        return self._new_voice

    def styled(self, vocals: AudioFile) -> AudioFile:
        wanted, intensity = self._options.emotion, self._options.intensity
        if not self._options.has_emotion:
            return vocals

        def make(folder: Path, progress: Progress) -> None:
            styler = load_styler(DEFAULT_STYLER, choose_device())
            pieces = stream_in_windows(
                vocals.blocks(),
                lambda piece: styler.style(piece, wanted, intensity, STYLE_OPTIONS),
                STYLE_WINDOWS,
                frames=vocals.frames,
                progress=progress,
            )
            _write_stage(folder / "styled.wav", pieces, vocals)

        self._made_key = stage_key("styled", self._made_key, DEFAULT_STYLER, wanted, intensity)
        return open_audio(self._stage("emotion", self._made_key, make) / "styled.wav")

    def matched(self, vocals: AudioFile) -> AudioFile:
        """As loud as the original's voice, and in a room that rings as long."""

        def make(folder: Path, progress: Progress) -> None:
            room = None
            if self._options.matches_room:
                progress(0.0, "Listening to the room")
                there = room_around(self._new_voice.blocks())
                room = missing_room(room_around(self._sung.blocks()), there)
            progress(0.4, "Level")
            difference = loudness_of(self._sung.blocks()) - loudness_of(self._new_voice.blocks())
            gain_db = (
                float(np.clip(difference, -MOST_LEVELLING_DB, MOST_LEVELLING_DB)) if np.isfinite(difference) else 0.0
            )
            levelled = (gained(block, gain_db) for block in vocals.blocks())
            _write_stage(folder / "matched.wav", in_room(levelled, room) if room else levelled, vocals)
            (folder / "room.json").write_text(json.dumps(room and asdict(room)))

        key = stage_key("matched", self._made_key, self._options.matches_room)
        folder = self._stage("match", key, make)
        if room := json.loads((folder / "room.json").read_text()):
            self._notes.append(
                f"The original's room, which rings for {room['decay_seconds']:.1f} s, was put around it."
            )
        return open_audio(folder / "matched.wav")

    def music(self, semitones: float) -> AudioFile | None:
        if self._options.vocals_are_clean:
            return None
        if not semitones:
            return self._music

        def make(folder: Path, progress: Progress) -> None:
            moved = transposed(self._music.blocks(), semitones, frames=self._music.frames, progress=progress)
            _write_stage(folder / "music.wav", moved, self._music)

        key = stage_key("transposed", separation_key(self._song, self._options), semitones)
        return open_audio(self._stage("transpose", key, make) / "music.wav")

    def finished(
        self, advice: KeyAdvice, shifts: tuple[float, float], vocals: AudioFile, music: AudioFile | None, folder: Path
    ) -> Cover:
        options, name = self._options, self._options.format_name
        tracks = {"vocals": Track(vocals, options.vocals_db)}
        if music is not None:
            tracks["accompaniment"] = Track(music, options.music_db)
        paths = track_paths(folder, ["cover", "original-vocals", *tracks], name)
        origin = self._provenance(shifts)
        progress = self._part("mix")
        progress(0.0, "Loudness")
        plan = MixPlan(
            paths["cover"],
            {track: paths[track] for track in tracks},
            loudness_of(self._song.blocks()) if options.matches_loudness else None,
            name,
            {"vocals": origin},
            origin,
        )
        with self._timed("mix"):
            mixed = write_mix(tracks, plan, progress=part_of(progress, 0.1, 0.95))
        with AudioWriter(
            paths["original-vocals"], self._sung.sample_rate, self._sung.channels, format_name=name
        ) as file:
            for block in self._sung.blocks():
                file.write(block)
        picture = draw_advice(advice, folder / "key.png", shifts[0])
        stems = {stem: path for stem, path in paths.items() if stem != "cover"}
        progress(1.0, "Done")
        return Cover(paths["cover"], stems, advice, picture, *shifts, (*self._notes, *mixed.notes))

    def _provenance(self, shifts: tuple[float, float]) -> Provenance:
        settings: dict[str, str | float | bool | None] = {
            "shift_semitones": shifts[0],
            "music_shift_semitones": shifts[1],
            "separator": None if self._options.vocals_are_clean else self._options.separator,
            "emotion": self._options.emotion if self._options.has_emotion else None,
        }
        return Provenance("cover", self._voice.name, self._voice.card.engine, settings)

    def _stage(self, kind: str, key: str, make: Callable[[Path, Progress], None]) -> Path:
        progress = self._part(kind)

        def timed(folder: Path) -> None:
            with self._timed(kind):
                make(folder, progress)

        return self._cache.stage(key, self._place / kind, timed)

    def _timed(self, kind: str) -> AbstractContextManager[None]:
        # A song that doesn't tell its length would teach a wrong speed.
        return Speeds().timed(self._steps[kind].name, seconds_of(self._song) if self._song.frames else 0.0)

    def _part(self, kind: str) -> Progress:
        """The progress of one step: its share of the whole is what it takes of the time."""
        start, self._done = self._done, self._done + self._shares[kind]
        report = part_of(self._progress, start, self._done)
        return lambda fraction, message: report(fraction, f"{STEP_TITLES[kind]}: {message}")


def _shares(steps: dict[str, Step]) -> dict[str, float]:
    seconds = {kind: Speeds().expected([step])[0] for kind, step in steps.items()}
    return {kind: expected / max(sum(seconds.values()), 1e-9) for kind, expected in seconds.items()}


def _write_stage(path: Path, blocks: Iterable[Audio], like: AudioFile) -> None:
    with AudioWriter(path, like.sample_rate, like.channels, format_name=STAGE_FORMAT) as writer:
        for block in blocks:
            writer.write(block)
