"""The cover task: separate a song, convert its vocals to another voice, and mix them with the music."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from vc_core.conversion import engine_of, prepare_converter
from vc_core.cover.converting import Converted, convert, style
from vc_core.cover.estimates import PEAK_MEGABYTES, estimate_stages
from vc_core.cover.key_advisor import KeyAdvice, draw_advice
from vc_core.cover.matching import match
from vc_core.cover.mixing import CoverTracks, mix
from vc_core.cover.options import COVER_LIMITS, CoverOptions
from vc_core.cover.preflight import Preflight, Speeds
from vc_core.cover.separating import Separated, VoiceLine, make_separation_key, separate
from vc_core.cover.shifting import advise, transpose_backing, transpose_music
from vc_core.cover.stage_cache import StageCache, make_stage_key
from vc_core.cover.stages import StageRunner, start_stages
from vc_core.engine import estimate_lease_seconds
from vc_core.files.provenance import compute_sha256
from vc_core.files.reading import AudioFile, open_audio
from vc_core.home import get_studio_home
from vc_core.progress import Progress, silent, subprogress
from vc_core.separation import SEPARATORS, SeparatorOptions, choose_refinement, choose_separator, prepare_separator
from vc_core.voices.library import Voice


@dataclass(frozen=True)
class CoverTask:
    """The request for a cover."""

    song: Path
    voice: Voice
    options: CoverOptions = field(default_factory=CoverOptions)
    preview_from: float | None = None
    """Start of the preview in seconds; None for the whole song."""
    folder: Path = Path()

    def check(self) -> None:
        open_audio(self.song, COVER_LIMITS)

    def open_song(self) -> AudioFile:
        return open_audio(self.song, COVER_LIMITS).preview(self.preview_from)

    def prepare(self, progress: Progress) -> None:
        prepare_cover(self.options, self.voice, progress=progress)

    def lease_seconds(self) -> int:
        song = self.open_song()
        return estimate_separation_lease_seconds(song, self.options) + estimate_conversion_lease_seconds(
            song, self.voice, self.options
        )

    def estimate(self) -> None:
        return None  # its stages are measured

    def run(self, progress: Progress = silent) -> "Cover":
        return cover_song(self.open_song(), self.voice, self.folder, self.options, progress=progress)


@dataclass(frozen=True)
class Cover:
    path: Path
    stems: dict[str, Path]
    """The cover is the sum of `vocals`, `accompaniment` and, if split off, `backing`; also `original-vocals`."""
    advice: KeyAdvice
    picture: Path
    shift_semitones: float
    music_shift_semitones: float
    notes: tuple[str, ...]


def cover_song(
    song: AudioFile,
    voice: Voice,
    folder: Path,
    options: CoverOptions = CoverOptions(),
    *,
    cache: StageCache | None = None,
    progress: Progress = silent,
) -> Cover:
    """Write the cover to `folder`, as long as the song. Memory use does not depend on the song's length."""
    with start_stages(song, voice, options, cache or open_default_cache(), progress) as stages:
        separated = separate(song, options, stages)
        advice = advise(separated.lead, voice, options.key, stages)
        music_shift = advice.music_shift_semitones + options.music_shift_semitones
        converted = _convert_lead(separated, voice, advice, options, stages)
        shift = converted.shift_semitones
        styled = style(converted, options.emotion if options.has_emotion else None, options.intensity, stages)
        matched = match(styled, options.matches_room, stages)
        backing = _make_backing(separated.backing, music_shift, options, stages)
        music = transpose_music(separated.music, separated.key, music_shift, stages)
        tracks = CoverTracks(matched.vocals, backing, music, separated.vocals, shift, music_shift)
        mixed = mix(song, tracks, voice, options, folder, stages)
        picture = draw_advice(advice, folder / "key.png", shift)
        notes = (*separated.notes, *matched.notes, *mixed.notes)
        return Cover(mixed.path, mixed.stems, advice, picture, shift, music_shift, notes)


def _make_backing(
    line: VoiceLine | None, music_shift: float, options: CoverOptions, stages: StageRunner
) -> AudioFile | None:
    """Backing vocals in the key of the music: transposed, or converted to another voice in its octave."""
    if line is None:
        return None
    if options.backing != "voice" or options.backing_voice is None:
        return transpose_backing(line, music_shift, stages)
    converted = _convert_backing(line, options.backing_voice, music_shift, options, stages)
    unstyled = style(converted, None, 0.0, stages)  # the emotion is for the lead
    return match(unstyled, options.matches_room, stages).vocals


def _convert_lead(
    separated: Separated, voice: Voice, advice: KeyAdvice, options: CoverOptions, stages: StageRunner
) -> Converted:
    shift = advice.shift_semitones + options.vocals_shift_semitones
    return convert(separated.lead, voice, shift, options.conversion, stages)


def _convert_backing(
    line: VoiceLine, voice: Voice, music_shift: float, options: CoverOptions, stages: StageRunner
) -> Converted:
    advice = advise(line, voice, "off" if options.key == "off" else "octaves", stages)
    return convert(line, voice, advice.shift_semitones + music_shift, options.conversion, stages)


def advise_key(
    song: AudioFile,
    voice: Voice,
    options: CoverOptions = CoverOptions(),
    *,
    cache: StageCache | None = None,
    progress: Progress = silent,
) -> KeyAdvice:
    """The first stages of a cover, up to the key in which the voice should sing it."""
    with start_stages(song, voice, options, cache or open_default_cache(), progress) as stages:
        return advise(separate(song, options, stages).lead, voice, options.key, stages)


def prepare_cover(options: CoverOptions, voice: Voice, *, progress: Progress = silent) -> None:
    """Download missing models."""
    if not options.vocals_are_clean:
        prepare_separator(options.separator, SeparatorOptions(), progress=subprogress(progress, 0.0, 0.5))
    for singer in _list_singers(voice, options):
        prepare_converter(singer, progress=subprogress(progress, 0.5, 1.0))


def preflight_cover(
    song: AudioFile, voice: Voice, options: CoverOptions = CoverOptions(), *, cache: StageCache | None = None
) -> Preflight:
    """Estimate the cost of a cover; a cached separation costs nothing."""
    cache, estimates, megabytes = cache or open_default_cache(), estimate_stages(song, voice, options), 0
    if not options.vocals_are_clean:
        megabytes = choose_separator(options.separator, SeparatorOptions()).download_megabytes(SeparatorOptions())
    singers = {singer.card.engine: singer for singer in _list_singers(voice, options)}  # an engine downloads once
    megabytes += max(engine_of(singer).download_megabytes(singer) for singer in singers.values())
    is_separated = not needs_separation(song, options, cache)
    if is_separated:
        estimates.pop("separate", None)
    seconds, is_measured = Speeds().estimate(list(estimates.values()))
    lease_seconds = 0 if is_separated else estimate_separation_lease_seconds(song, options)
    conversion_seconds = estimate_conversion_lease_seconds(song, voice, options)
    if conversion_seconds and needs_conversion(song, voice, options, cache):  # which hashes the song
        lease_seconds += conversion_seconds
    return Preflight(seconds, is_measured, PEAK_MEGABYTES, megabytes, lease_seconds)


def needs_separation(song: AudioFile, options: CoverOptions, cache: StageCache) -> bool:
    return not options.vocals_are_clean and not cache.has(make_separation_key(song, options.separator))


def needs_conversion(song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache) -> bool:
    """False if `convert_for_cover` has cached its result."""
    return not cache.has(_make_conversion_key(song, voice, options))


def _make_conversion_key(song: AudioFile, voice: Voice, options: CoverOptions) -> str:
    singers = [(singer.card.engine, dict(singer.card.files)) for singer in _list_singers(voice, options)]
    separator = None if options.vocals_are_clean else options.separator
    shifts = options.key, options.vocals_shift_semitones, options.music_shift_semitones
    inputs = (singers, separator, options.backing, shifts, asdict(options.conversion))
    return make_stage_key("sung", compute_sha256(song.path), song.span, *inputs)


def _list_singers(voice: Voice, options: CoverOptions) -> list[Voice]:
    return [voice, *filter(None, [options.backing_voice])]


def estimate_separation_lease_seconds(song: AudioFile, options: CoverOptions) -> int:
    """Duration of the ZeroGPU lease; 0 if nothing is separated."""
    if options.vocals_are_clean:
        return 0
    refinement = None if options.backing == "together" else choose_refinement("lead")
    engines = [SEPARATORS[options.separator], *(refinement.engines if refinement else ())]
    return estimate_lease_seconds(song.expected_seconds, *engines)


def estimate_conversion_lease_seconds(song: AudioFile, voice: Voice, options: CoverOptions) -> int:
    """Duration of the ZeroGPU lease; 0 if the voices' engines make no use of a GPU."""
    return estimate_lease_seconds(song.expected_seconds, *map(engine_of, _list_singers(voice, options)))


def open_default_cache() -> StageCache:
    return StageCache(get_studio_home() / "stages")


def separate_for_cover(
    song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, *, progress: Progress = silent
) -> None:
    """Run what separates, and cache it for `cover_song`: it gains most from a GPU."""
    with start_stages(song, voice, options, cache, progress) as stages:
        separate(song, options, stages)


def convert_for_cover(
    song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, *, progress: Progress = silent
) -> None:
    """Run the stages up to the conversion and cache them for `cover_song`."""
    with start_stages(song, voice, options, cache, progress) as stages:
        separated = separate(song, options, stages)
        advice = advise(separated.lead, voice, options.key, stages)
        _convert_lead(separated, voice, advice, options, stages)
        if separated.backing and options.backing_voice:
            music_shift = advice.music_shift_semitones + options.music_shift_semitones
            _convert_backing(separated.backing, options.backing_voice, music_shift, options, stages)
        with cache.stage(_make_conversion_key(song, voice, options), stages.folder / "sung"):
            pass  # an empty entry: everything is cached
