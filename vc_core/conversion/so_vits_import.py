"""Take in so-vits checkpoints that nobody vouches for, as voices like any other.

What is kept are tensors as safetensors, without the optimiser and what only training uses, and of the config what makes
sense. Nothing of a checkpoint is ever run.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from vc_core.conversion.so_vits_config import SoVitsConfig, check_encoder, read_config, shape_of
from vc_core.conversion.so_vits_repo import SoVitsFiles, step_of
from vc_core.errors import UserError
from vc_core.progress import Progress, silent
from vc_core.voices import Voice, VoiceCard, VoiceLibrary, hashes_of, write_card

ENGINE = "so-vits"
WEIGHTS_FILE, CONFIG_FILE, CLUSTERS_FILE = "so_vits.safetensors", "config.json", "clusters.safetensors"


@dataclass(frozen=True)
class VoiceFacts:
    """What only a person can tell about a voice."""

    name: str
    consent: str
    licence: str
    origin: str = "Trained by others with so-vits-svc; the recordings are not known."
    speaker: str = ""
    """Who sings if nobody is named; needed if the checkpoint has several singers."""


def speakers_of(config: Path) -> tuple[str, ...]:
    return tuple(read_config(config).speakers)


def import_so_vits(
    library: VoiceLibrary, files: SoVitsFiles, facts: VoiceFacts, *, progress: Progress = silent
) -> Voice:
    """The checkpoint as a voice of the library."""
    # Not at the top: torch is slow to import, and to look a repo over needs none of it.
    from vc_core.conversion.so_vits_diffusion import DIFFUSION_FILE, SETTINGS_FILE, VOCODER_FILE, read_diffusion
    from vc_core.conversion.so_vits_weights import read_clusters, read_generator, save_tensors

    config = read_config(files.config)
    speaker = _chosen_speaker(config, facts.speaker)
    progress(0.0, f"Reading {files.generator.name}")
    generator = read_generator(files.generator)
    shape = shape_of(generator.folded, config, files.generator.name)
    generator.check(shape, files.generator.name)
    with library.incoming() as folder:
        progress(0.5, "Taking the voice in")
        save_tensors(folder / WEIGHTS_FILE, generator.tensors)
        if files.clusters is not None:
            save_tensors(folder / CLUSTERS_FILE, read_clusters(files.clusters, config, shape.heard_width))
        if files.diffusion is not None:
            network, vocoder, settings = read_diffusion(files.diffusion, config, shape.heard_width)
            save_tensors(folder / DIFFUSION_FILE, network)
            save_tensors(folder / VOCODER_FILE, vocoder)
            (folder / SETTINGS_FILE).write_text(settings)
        (folder / CONFIG_FILE).write_text(json.dumps(_kept(config), indent=2))
        card = VoiceCard(
            name=facts.name.strip(),
            engine=ENGINE,
            sample_rate=config.sample_rate,
            licence=facts.licence,
            consent=facts.consent,
            origin=facts.origin,
            files=hashes_of(folder),
            source=files.source,
            settings={"speaker": speaker, "made with": shape.generation, "step": step_of(files.generator.name)},
        )
        write_card(folder, card)
        return library.keep(folder)


def check_facts(library: VoiceLibrary, facts: VoiceFacts, config: Path) -> None:
    """What would be refused in the end is refused before the download."""
    read = read_config(config)
    check_encoder(read, config.name)
    _chosen_speaker(read, facts.speaker)
    VoiceCard(facts.name.strip(), ENGINE, read.sample_rate, facts.licence, facts.consent, facts.origin, files={})
    library.check_is_free(facts.name.strip())


def _chosen_speaker(config: SoVitsConfig, wanted: str) -> str:
    if not wanted and len(config.speakers) == 1:
        return next(iter(config.speakers))
    if wanted not in config.speakers:
        raise UserError(f"Choose one of the checkpoint's singers: {', '.join(config.speakers)}.")
    return wanted


def _kept(config: SoVitsConfig) -> dict[str, object]:
    """The config again, in the form it was read from, without what nobody asked for."""
    model = {
        "upsample_rates": config.rates,
        "resblock_dilation_sizes": config.dilations,
        "gen_istft_n_fft": config.istft_size,
        "gen_istft_hop_size": config.istft_hop,
    }
    if config.encoder:
        model["speech_encoder"] = config.encoder
    data = {"sampling_rate": config.sample_rate, "hop_length": config.hop}
    return {"data": data, "model": model, "spk": dict(config.speakers)}
