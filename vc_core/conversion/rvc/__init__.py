"""Conversion by RVC voices: v1 and v2, with and without pitch, with their index."""

from vc_core.conversion.base import ConversionEngine, Converter
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.progress import Progress
from vc_core.voices.library import Voice


def _load(voice: Voice, device: str) -> Converter:
    # Not at the top: torch is slow to import, and the shell's help does not need it.
    from vc_core.conversion.rvc.converter import load_rvc

    return load_rvc(voice, device)


def _prepare(voice: Voice, progress: Progress) -> None:
    from vc_core.voices.content_vec import fetch_content_vec

    fetch_content_vec(progress=progress)


def _get_download_megabytes(voice: Voice) -> int:
    from vc_core.voices.content_vec import get_content_vec_download_megabytes

    return get_content_vec_download_megabytes()


ENGINE = ConversionEngine(
    "rvc",
    "RVC",
    load=_load,
    prepare=_prepare,
    download_megabytes=_get_download_megabytes,
    own_options=RvcOptions,
    gpu_speed=8.0,
)
