"""Source separation for a cover: a song into vocals and music, and vocals into lead and backing."""

from dataclasses import dataclass

import numpy as np

from vc_core.cover.estimates import BACKING_PREFIX
from vc_core.cover.options import CoverOptions
from vc_core.cover.stage_cache import make_stage_key
from vc_core.cover.stages import STAGE_FORMAT, Stage, StageRunner
from vc_core.device import choose_device
from vc_core.errors import Message
from vc_core.files.provenance import compute_sha256
from vc_core.files.reading import AudioFile, open_audio
from vc_core.files.writing import AudioWriter
from vc_core.separation import SEPARATORS, Refinement, SeparatorOptions, find_lead_model, load_separator
from vc_core.signal.backing import MIN_BACKING_DB, is_centre_panned, split_lead_and_backing

NO_BACKING = Message("No backing vocals were found, so all vocals were treated as the lead.")
ALL_LEAD = Message("No backing vocals were found at the sides, so all vocals were treated as the lead.")


@dataclass(frozen=True)
class VoiceLine:
    """The lead or the backing vocals of the original."""

    vocals: AudioFile
    key: str
    """Cache key of `vocals`."""
    is_backing: bool = False

    def name_stage(self, kind: str) -> str:
        """The name of a stage for this line."""
        return f"{BACKING_PREFIX}{kind}" if self.is_backing else kind


@dataclass(frozen=True)
class Separated:
    """A song split into its stems."""

    vocals: AudioFile
    """All vocals of the original."""
    music: AudioFile | None
    """None if the song has no music."""
    key: str
    """Cache key of vocals and music."""
    lead: VoiceLine
    backing: VoiceLine | None = None
    """None if the backing vocals are treated as part of the lead."""
    notes: tuple[str, ...] = ()


def separate(song: AudioFile, options: CoverOptions, stages: StageRunner) -> Separated:
    """Split the song as far as the options ask for."""
    separated = use_as_vocals(song) if options.vocals_are_clean else separate_music(song, options.separator, stages)
    return separated if options.backing == "together" else split_backing(separated, stages)


def use_as_vocals(song: AudioFile) -> Separated:
    """A song that is vocals alone."""
    key = make_stage_key("song", compute_sha256(song.path), song.span)
    return Separated(song, None, key, VoiceLine(song, key))


def separate_music(song: AudioFile, separator: str, stages: StageRunner) -> Separated:
    key = make_separation_key(song, separator)
    with stages.run("separate", key) as stage:
        if not stage.is_cached:
            engine = load_separator(separator, choose_device(), SeparatorOptions())
            engine.separate_file(song, stage.folder, format_name=STAGE_FORMAT, progress=stage.progress)
    vocals, music = (open_audio(stage.folder / f"{name}.wav") for name in ("vocals", "accompaniment"))
    return Separated(vocals, music, key, VoiceLine(vocals, key))


def make_separation_key(song: AudioFile, separator: str) -> str:
    model = SEPARATORS[separator].get_usual_model()
    return make_stage_key("separated", compute_sha256(song.path), song.span, separator, *([model] if model else []))


def split_backing(separated: Separated, stages: StageRunner) -> Separated:
    """Split the vocals into lead and backing, by an installed RoFormer for that, or else by position in stereo."""
    model = find_lead_model()
    vocals, music = separated.vocals, separated.music
    key = make_stage_key("parted", separated.key, *([model] if model else []))
    with stages.run("split", key) as stage:
        if not stage.is_cached:
            if model:
                _split_by_model(model, vocals, stage)
            else:
                _write_lead_and_backing(vocals, stage)
    if not (stage.folder / "backing.wav").exists():
        note = NO_BACKING if model else ALL_LEAD
        return Separated(vocals, music, separated.key, VoiceLine(vocals, key), notes=(str(note),))
    lead, backing = (open_audio(stage.folder / f"{name}.wav") for name in ("lead", "backing"))
    backing_line = VoiceLine(backing, make_stage_key("backing", key), is_backing=True)
    return Separated(vocals, music, separated.key, VoiceLine(lead, key), backing_line)


def _split_by_model(model: str, vocals: AudioFile, stage: Stage) -> None:
    """Leaves no file of the backing if it is next to silent."""
    splitter = Refinement("lead", model).load(choose_device())
    stems = splitter.separate_file(vocals, stage.folder, format_name=STAGE_FORMAT, progress=stage.progress)
    energies = [_measure_energy(open_audio(stems[name].path)) for name in ("lead", "backing")]
    if energies[1] <= sum(energies) * 10 ** (MIN_BACKING_DB / 10):
        stems["backing"].path.unlink()


def _measure_energy(file: AudioFile) -> float:
    return sum(float(np.square(block.samples, dtype=np.float64).sum()) for block in file.blocks())


def _write_lead_and_backing(vocals: AudioFile, stage: Stage) -> None:
    """Writes no file if there is no backing."""
    if is_centre_panned(vocals.blocks()):
        stage.progress(1.0, "")
        return
    lead_writer, backing_writer = (
        AudioWriter(stage.folder / f"{name}.wav", vocals.sample_rate, vocals.channels, format_name=STAGE_FORMAT)
        for name in ("lead", "backing")
    )
    with lead_writer, backing_writer:
        for lead, backing in split_lead_and_backing(vocals.blocks(), frames=vocals.frames, progress=stage.progress):
            lead_writer.write(lead)
            backing_writer.write(backing)
