"""The stages of a cover: each writes files that are kept for a while under a hash of all that went into them.

So a change of the key does again what depends on the key, and nothing else; what was stopped goes on where it was.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from vc_core.audio import Audio
from vc_core.backing import is_in_middle, part_backing
from vc_core.conversion import load_converter
from vc_core.device import choose_device
from vc_core.emotion import DEFAULT_STYLER, StyleOptions, load_styler
from vc_core.errors import UserError
from vc_core.key_advisor import KeyAdvice, KeyWay, advise, draw_advice
from vc_core.loudness import gained
from vc_core.loudness_meter import loudness_of
from vc_core.melody import surely_sung
from vc_core.mixing import MixPlan, Track, track_paths, write_mix
from vc_core.pitch import Pitch
from vc_core.preflight import Speeds, Step
from vc_core.progress import Progress, part_of
from vc_core.provenance import Provenance, sha256_of
from vc_core.reading import AudioFile, open_audio
from vc_core.recipes.options import OF_BACKING, Cover, CoverOptions, seconds_of, steps_of_cover
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
ALL_LEAD = "Nobody sings to a side of the middle, so all vocals were taken for the lead."
STEP_TITLES = {
    "separate": "Separating",
    "part": "Parting lead and backing",
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


@dataclass(frozen=True)
class Part:
    """The lead or the backing vocals, as the original sings them."""

    original: AudioFile
    key: str
    """Of all that went into it."""
    voice: Voice
    """Who is to sing it."""
    steps: str = ""
    """What the names of its steps begin with."""


@dataclass(frozen=True)
class Sung:
    """A part in its new voice."""

    part: Part
    key: str
    """Of all that went into `sound`."""
    plain: AudioFile
    """Before any emotion."""
    sound: AudioFile


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
        self._notes: list[str] = []

    def separated(self) -> Path:
        def make(folder: Path, progress: Progress) -> None:
            separator = load_separator(self._options.separator, choose_device(), SeparatorOptions())
            separator.separate_file(self._song, folder, format_name=STAGE_FORMAT, progress=progress)

        return self._stage("separate", separation_key(self._song, self._options), make)

    def parts(self) -> tuple[Part, Part | None]:
        """The lead, and backing vocals where they are to be something else: all that comes after begins with these."""
        self._vocals, key = self._song, stage_key("song", sha256_of(self._song.path), self._song.span)
        if not self._options.vocals_are_clean:
            folder = self.separated()
            self._vocals, self._music = (open_audio(folder / f"{name}.wav") for name in ("vocals", "accompaniment"))
            key = separation_key(self._song, self._options)
        if self._options.backing == "together":
            return Part(self._vocals, key, self._voice), None
        key = stage_key("parted", key)
        folder = self._stage("part", key, self._part_backing)
        if not (folder / "backing.wav").exists():
            self._notes.append(ALL_LEAD)
            return Part(self._vocals, key, self._voice), None
        lead, backing = (open_audio(folder / f"{name}.wav") for name in ("lead", "backing"))
        return (
            Part(lead, key, self._voice),
            Part(backing, stage_key("backing", key), self._options.backing_voice or self._voice, OF_BACKING),
        )

    def _part_backing(self, folder: Path, progress: Progress) -> None:
        vocals = self._vocals
        if is_in_middle(vocals.blocks()):
            progress(1.0, "Nobody stands to a side")
            return
        writers = [
            AudioWriter(folder / f"{name}.wav", vocals.sample_rate, vocals.channels, format_name=STAGE_FORMAT)
            for name in ("lead", "backing")
        ]
        with writers[0] as lead_file, writers[1] as backing_file:
            for lead, backing in part_backing(vocals.blocks(), frames=vocals.frames, progress=progress):
                lead_file.write(lead)
                backing_file.write(backing)

    def advice(self, part: Part, way: KeyWay) -> KeyAdvice:
        def make(folder: Path, progress: Progress) -> None:
            song = part.original
            pitch = surely_sung(song.blocks(), frames=song.frames, sample_rate=song.sample_rate, progress=progress)
            np.savez(folder / "pitch.npz", hertz=pitch.hertz, confidence=pitch.confidence, hop=pitch.hop_seconds)

        folder = self._stage(f"{part.steps}listen", stage_key("pitch", part.key), make)
        with np.load(folder / "pitch.npz") as saved:
            pitch = Pitch(saved["hertz"], saved["confidence"], float(saved["hop"]))
        return advise(pitch, part.voice.card.pitch_range_hz, way)

    def converted(self, part: Part, shift: float) -> Sung:
        options = replace(self._options.conversion, automatic_key="off", key_shift_semitones=shift)
        card = part.voice.card

        def make(folder: Path, progress: Progress) -> None:
            target = folder / "converted.wav"
            converter = load_converter(part.voice)
            converter.convert_file(part.original, target, options, format_name=STAGE_FORMAT, progress=progress)

        key = stage_key("converted", part.key, card.engine, dict(card.files), asdict(options))
        made = open_audio(self._stage(f"{part.steps}convert", key, make) / "converted.wav")
        return Sung(part, key, made, made)

    def styled(self, sung: Sung) -> Sung:
        wanted, intensity = self._options.emotion, self._options.intensity
        if not self._options.has_emotion:
            return sung
        vocals = sung.sound

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

        key = stage_key("styled", sung.key, DEFAULT_STYLER, wanted, intensity)
        return replace(sung, key=key, sound=open_audio(self._stage("emotion", key, make) / "styled.wav"))

    def matched(self, sung: Sung) -> AudioFile:
        """As loud as the original's voice, and in a room that rings as long."""
        part, plain, vocals = sung.part, sung.plain, sung.sound

        def make(folder: Path, progress: Progress) -> None:
            room = None
            if self._options.matches_room:
                progress(0.0, "Listening to the room")
                there = room_around(plain.blocks())
                room = missing_room(room_around(part.original.blocks()), there)
            progress(0.4, "Level")
            difference = loudness_of(part.original.blocks()) - loudness_of(plain.blocks())
            gain_db = (
                float(np.clip(difference, -MOST_LEVELLING_DB, MOST_LEVELLING_DB)) if np.isfinite(difference) else 0.0
            )
            levelled = (gained(block, gain_db) for block in vocals.blocks())
            _write_stage(folder / "matched.wav", in_room(levelled, room) if room else levelled, vocals)
            (folder / "room.json").write_text(json.dumps(room and asdict(room)))

        key = stage_key("matched", sung.key, self._options.matches_room)
        folder = self._stage(f"{part.steps}match", key, make)
        if (room := json.loads((folder / "room.json").read_text())) and not part.steps:
            self._notes.append(
                f"The original's room, which rings for {room['decay_seconds']:.1f} s, was put around it."
            )
        return open_audio(folder / "matched.wav")

    def music(self, semitones: float) -> AudioFile | None:
        if self._options.vocals_are_clean:
            return None
        return self._transposed(self._music, separation_key(self._song, self._options), semitones, "")

    def _transposed(self, sound: AudioFile, key: str, semitones: float, steps: str) -> AudioFile:
        if not semitones:
            return sound

        def make(folder: Path, progress: Progress) -> None:
            pieces = transposed(sound.blocks(), semitones, frames=sound.frames, progress=progress)
            _write_stage(folder / "moved.wav", pieces, sound)

        key = stage_key("transposed", key, semitones)
        return open_audio(self._stage(f"{steps}transpose", key, make) / "moved.wav")

    def backed(self, part: Part, music_shift: float) -> AudioFile:
        """Backing vocals in the key of the music: as they are, or in a voice of their own and its octave."""
        if self._options.backing == "left":
            return self._transposed(part.original, stage_key("original", part.key), music_shift, part.steps)
        octaves = self.advice(part, "off" if self._options.key == "off" else "octaves").shift_semitones
        return self.matched(self.converted(part, octaves + music_shift))

    def finished(
        self, advice: KeyAdvice, shifts: tuple[float, float], sounds: Mapping[str, AudioFile | None], folder: Path
    ) -> Cover:
        options, name = self._options, self._options.format_name
        gains = {"accompaniment": options.music_db}
        tracks = {
            track: Track(file, gains.get(track, options.vocals_db))
            for track, file in sounds.items()
            if file is not None
        }
        paths, origins = track_paths(folder, ["cover", "original-vocals", *tracks], name), self._origins(shifts)
        progress = self._part("mix")
        progress(0.0, "Loudness")
        plan = MixPlan(
            paths["cover"],
            {track: paths[track] for track in tracks},
            loudness_of(self._song.blocks()) if options.matches_loudness else None,
            name,
            origins,
            origins["vocals"],
        )
        with self._timed("mix"):
            mixed = write_mix(tracks, plan, progress=part_of(progress, 0.1, 0.95))
        _write(paths["original-vocals"], self._vocals.blocks(), self._vocals, name)
        picture = draw_advice(advice, folder / "key.png", shifts[0])
        stems = {stem: path for stem, path in paths.items() if stem != "cover"}
        progress(1.0, "Done")
        return Cover(paths["cover"], stems, advice, picture, *shifts, (*self._notes, *mixed.notes))

    def _origins(self, shifts: tuple[float, float]) -> dict[str, Provenance]:
        """Of what is made: backing vocals that are left are nobody's making."""
        options = self._options
        settings: dict[str, str | float | bool | None] = {
            "shift_semitones": shifts[0],
            "music_shift_semitones": shifts[1],
            "separator": None if options.vocals_are_clean else options.separator,
            "emotion": options.emotion if options.has_emotion else None,
            "backing": options.backing_voice.name if options.backing_voice else options.backing,
        }
        singers = {"vocals": self._voice}
        if options.backing == "voice" and options.backing_voice:
            singers["backing"] = options.backing_voice
        return {track: Provenance("cover", voice.name, voice.card.engine, settings) for track, voice in singers.items()}

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
        return lambda fraction, message: report(fraction, f"{_title(kind)}: {message}")


def _title(kind: str) -> str:
    title = STEP_TITLES[kind.removeprefix(OF_BACKING)]
    return f"Backing vocals, {title.lower()}" if kind.startswith(OF_BACKING) else title


def _shares(steps: dict[str, Step]) -> dict[str, float]:
    seconds = {kind: Speeds().expected([step])[0] for kind, step in steps.items()}
    return {kind: expected / max(sum(seconds.values()), 1e-9) for kind, expected in seconds.items()}


def _write_stage(path: Path, blocks: Iterable[Audio], like: AudioFile) -> None:
    _write(path, blocks, like, STAGE_FORMAT)


def _write(path: Path, blocks: Iterable[Audio], like: AudioFile, format_name: str) -> None:
    with AudioWriter(path, like.sample_rate, like.channels, format_name=format_name) as writer:
        for block in blocks:
            writer.write(block)
