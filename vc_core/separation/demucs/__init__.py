"""Separation by Demucs, an extra to install."""

from dataclasses import replace

from vc_core.separation.base import SeparationEngine
from vc_core.separation.demucs.separator import estimate_demucs_download_megabytes, load_demucs, prepare_demucs

ENGINE = SeparationEngine(
    "demucs",
    "Demucs",
    load=lambda options, device: load_demucs("htdemucs", options.stems, device),
    notice="Much cleaner than Spleeter, and many times slower without a GPU.",
    package="demucs",
    install="vc-core[demucs]",
    download_megabytes=lambda options: estimate_demucs_download_megabytes("htdemucs", options.stems),
    prepare=lambda options, progress: prepare_demucs("htdemucs", options.stems, progress=progress),
    gpu_speed=10.0,
    quality=5,
    guessed_speed=2.0,
    stem_counts=(2, 4),
)
FINE_TUNED = replace(
    ENGINE,
    name="demucs-ft",
    label="Demucs, fine-tuned",
    load=lambda options, device: load_demucs("htdemucs_ft", options.stems, device),
    notice="The cleanest. For four parts it takes four times as long as Demucs.",
    download_megabytes=lambda options: estimate_demucs_download_megabytes("htdemucs_ft", options.stems),
    prepare=lambda options, progress: prepare_demucs("htdemucs_ft", options.stems, progress=progress),
    gpu_speed=3.0,
    quality=6,
)
