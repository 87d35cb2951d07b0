"""Import untrusted so-vits checkpoints as voices.

Stored are the tensors as safetensors, without optimiser state and training-only networks, and the validated part of
the config. No code from a checkpoint is ever run.
"""

import json
from pathlib import Path

from vc_core.checkpoints.weights import save_tensors
from vc_core.conversion.so_vits.config import SoVitsConfig, check_encoder, infer_shape, read_config
from vc_core.conversion.so_vits.repo import SoVitsFiles, parse_training_step
from vc_core.errors import Message, UserError
from vc_core.progress import Progress, silent
from vc_core.voices.facts import ImportedModel, VoiceFacts, add_imported_voice
from vc_core.voices.library import Voice, VoiceLibrary
from vc_core.voices.so_vits_files import (
    CLUSTERS_FILE,
    CONFIG_FILE,
    DIFFUSION_FILE,
    ENGINE_NAME,
    SETTINGS_FILE,
    VOCODER_FILE,
    WEIGHTS_FILE,
)


def list_speakers(config: Path) -> tuple[str, ...]:
    return tuple(read_config(config).speakers)


def import_so_vits(
    library: VoiceLibrary, files: SoVitsFiles, facts: VoiceFacts, *, progress: Progress = silent
) -> Voice:
    """The checkpoint as a voice of the library."""
    # Not at the top: torch is slow to import, and inspecting a repo needs none of it.
    from vc_core.conversion.so_vits.diffusion import read_diffusion
    from vc_core.conversion.so_vits.weights import read_clusters, read_generator

    config = read_config(files.config)
    speaker = _choose_speaker(config, facts.speaker)
    progress(0.0, Message("Reading {file}", file=files.generator.name))
    generator = read_generator(files.generator)
    shape = infer_shape(generator.folded, config, files.generator.name)
    generator.check(shape, files.generator.name)
    step = parse_training_step(files.generator.name)
    with library.staging_folder() as folder:
        progress(0.5, Message("Importing the voice"))
        save_tensors(folder / WEIGHTS_FILE, generator.tensors)
        if files.clusters is not None:
            save_tensors(folder / CLUSTERS_FILE, read_clusters(files.clusters, config, shape.content_width))
        if files.diffusion is not None:
            network, vocoder, settings = read_diffusion(files.diffusion, config, shape.content_width)
            save_tensors(folder / DIFFUSION_FILE, network)
            save_tensors(folder / VOCODER_FILE, vocoder)
            (folder / SETTINGS_FILE).write_text(settings)
        (folder / CONFIG_FILE).write_text(json.dumps(_make_config(config), indent=2))
        made = {"speaker": speaker, "made with": shape.generation, "step": step}
        model = ImportedModel(ENGINE_NAME, "so-vits-svc", config.sample_rate, files.source, made)
        return add_imported_voice(library, folder, facts, model)


def check_facts(library: VoiceLibrary, facts: VoiceFacts, config: Path) -> None:
    """Raise `UserError` before the download for anything that would be refused after it."""
    parsed = read_config(config)
    check_encoder(parsed, config.name)
    _choose_speaker(parsed, facts.speaker)
    facts.check(library, parsed.sample_rate)


def _choose_speaker(config: SoVitsConfig, name: str) -> str:
    if not name and len(config.speakers) == 1:
        return next(iter(config.speakers))
    if name not in config.speakers:
        raise UserError("Choose one of the checkpoint's singers: {singers}.", singers=", ".join(config.speakers))
    return name


def _make_config(config: SoVitsConfig) -> dict[str, object]:
    """The config in its original format, with validated values only."""
    model = {
        "upsample_rates": config.upsample_rates,
        "resblock_dilation_sizes": config.dilations,
        "gen_istft_n_fft": config.istft_size,
        "gen_istft_hop_size": config.istft_hop,
    }
    if config.encoder:
        model["speech_encoder"] = config.encoder
    data = {"sampling_rate": config.sample_rate, "hop_length": config.hop}
    return {"data": data, "model": model, "spk": dict(config.speakers)}
