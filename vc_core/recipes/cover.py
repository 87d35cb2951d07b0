"""A song becomes a cover: sung by another voice, over its own music."""

from pathlib import Path

from vc_core.conversion import prepare_converter
from vc_core.home import studio_home
from vc_core.key_advisor import KeyAdvice
from vc_core.preflight import Preflight, Speeds
from vc_core.progress import Progress, part_of, silent
from vc_core.reading import AudioFile
from vc_core.recipes.options import Cover, CoverOptions, seconds_of, steps_of_cover
from vc_core.recipes.stages import begun, separation_key
from vc_core.separation import SEPARATORS, SeparatorOptions, choose, prepare_separator
from vc_core.stage_cache import StageCache
from vc_core.voices import Voice

PEAK_MEGABYTES = 1_000
"""What bench/cover.py has measured, rounded up; it does not depend on the song's length."""


def cover_song(
    song: AudioFile,
    voice: Voice,
    folder: Path,
    options: CoverOptions = CoverOptions(),
    *,
    cache: StageCache | None = None,
    progress: Progress = silent,
) -> Cover:
    """From file to files in `folder`; memory does not depend on the song's length, and the cover is as long."""
    with begun(song, voice, options, cache or own_cache(), progress) as making:
        lead, backing = making.parts()
        advice = making.advice(lead, options.key)
        shift = advice.shift_semitones + options.vocals_shift_semitones
        music_shift = advice.music_shift_semitones + options.music_shift_semitones
        sounds = {
            "vocals": making.matched(making.styled(making.converted(lead, shift))),
            "backing": making.backed(backing, music_shift) if backing else None,
            "accompaniment": making.music(music_shift),
        }
        return making.finished(advice, (shift, music_shift), sounds, folder)


def advise_key(
    song: AudioFile,
    voice: Voice,
    options: CoverOptions = CoverOptions(),
    *,
    cache: StageCache | None = None,
    progress: Progress = silent,
) -> KeyAdvice:
    """What the cover of this song would begin with: its vocals, and the key in which the voice should sing them."""
    with begun(song, voice, options, cache or own_cache(), progress) as making:
        lead, _ = making.parts()
        return making.advice(lead, options.key)


def prepare_cover(options: CoverOptions, voice: Voice, *, progress: Progress = silent) -> None:
    """Download what is needed and isn't here."""
    if not options.vocals_are_clean:
        prepare_separator(options.separator, SeparatorOptions(), progress=part_of(progress, 0.0, 0.5))
    for singer in filter(None, (voice, options.backing_voice)):
        prepare_converter(singer, progress=part_of(progress, 0.5, 1.0))


def preflight_cover(
    song: AudioFile, voice: Voice, options: CoverOptions = CoverOptions(), *, cache: StageCache | None = None
) -> Preflight:
    """What it will cost; a separation that is still kept costs nothing."""
    cache, steps, megabytes = cache or own_cache(), steps_of_cover(song, voice, options), 0
    if not options.vocals_are_clean:
        megabytes = choose(options.separator, SeparatorOptions()).download_megabytes(SeparatorOptions())
    is_separated = not needs_separation(song, options, cache)
    if is_separated:
        steps.pop("separate", None)
    seconds, is_measured = Speeds().expected(list(steps.values()))
    lease = 0 if is_separated else lease_seconds(song, options)
    return Preflight(seconds, is_measured, PEAK_MEGABYTES, megabytes, lease)


def needs_separation(song: AudioFile, options: CoverOptions, cache: StageCache) -> bool:
    return not options.vocals_are_clean and not cache.has(separation_key(song, options))


def lease_seconds(song: AudioFile, options: CoverOptions) -> int:
    """What to ask of a GPU that is lent: loading, and a share of the song's length; 0 if none is of use."""
    speed = 0.0 if options.vocals_are_clean else SEPARATORS[options.separator].gpu_speed
    return round(min(20 + seconds_of(song) / speed, 120)) if speed else 0


def own_cache() -> StageCache:
    return StageCache(studio_home() / "stages")


def separate_for_cover(
    song: AudioFile, voice: Voice, options: CoverOptions, cache: StageCache, *, progress: Progress = silent
) -> None:
    """The first stage alone, kept for `cover_song`: it is the one that a GPU makes much faster."""
    with begun(song, voice, options, cache, progress) as making:
        making.separated()
