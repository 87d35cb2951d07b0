"""Conversion by so-vits-svc voices of every generation: 4.0, 4.0v1, quickvc and 4.1."""

from vc_core.conversion.base import ConversionEngine, Converter
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.progress import Progress
from vc_core.voices.library import Voice


def _load(voice: Voice, device: str) -> Converter:
    # Not at the top: torch is slow to import, and the shell's help does not need it.
    from vc_core.conversion.so_vits.converter import load_so_vits

    return load_so_vits(voice, device)


def _prepare(voice: Voice, progress: Progress) -> None:
    from vc_core.conversion.so_vits.converter import prepare_so_vits

    prepare_so_vits(progress=progress)


def _get_download_megabytes(voice: Voice) -> int:
    from vc_core.voices.content_vec import get_content_vec_download_megabytes

    return get_content_vec_download_megabytes()


ENGINE = ConversionEngine(
    "so-vits",
    "so-vits-svc",
    load=_load,
    prepare=_prepare,
    download_megabytes=_get_download_megabytes,
    own_options=SoVitsOptions,
    gpu_speed=8.0,
)
