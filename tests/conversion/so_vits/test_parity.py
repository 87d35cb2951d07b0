"""With the same noise, so-vits voices sound as so-vits-svc-fork makes them sound: the real one, in this process."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import GENERATIONS, OriginalParts, config_of, make_so_vits_voice, original_network
from measures import snr_db

from vc_core.audio import Audio
from vc_core.checkpoints.torchaudio_guard import ensure_torchaudio
from vc_core.conversion import ConversionOptions
from vc_core.conversion.analysis import analyse_song
from vc_core.conversion.harmonic_source import draw_initial_phases, draw_noise, slice_contour
from vc_core.conversion.so_vits.converter import load_so_vits
from vc_core.conversion.so_vits.options import SoVitsOptions
from vc_core.conversion.so_vits.synthesis import PRIOR, SOURCE
from vc_core.models.nsf_hifigan import HARMONICS
from vc_core.signal.windows import process_in_windows
from vc_core.voices import content_vec

pytestmark = pytest.mark.slow
RATE, HOP = 44_100, 512
AS_THE_ORIGINAL = SoVitsOptions(silence_db=-120, loudness_ratio=0, protection=0)
KNOWN_TO_THE_ORIGINAL = [name for name in GENERATIONS if "," not in name or name.endswith("256")]


@pytest.fixture(scope="module", autouse=True)
def ear(tmp_path_factory):
    """ContentVec with random weights, as the original finds it and as we do."""
    ensure_torchaudio()
    from so_vits_svc_fork.utils import HubertModelWithFinalProj
    from transformers import HubertConfig

    folder = tmp_path_factory.mktemp("ear")
    torch.manual_seed(0)
    network = HubertModelWithFinalProj(HubertConfig())
    network.save_pretrained(folder / "lengyue233" / "content-vec-best")
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(content_vec, "get_content_vec_path", lambda: folder / "pytorch_model.bin")
        yield


def song(seconds: float) -> Audio:
    """A gliding voice over noise, of whole hops: the original leaves out what is less."""
    times = np.arange(int(seconds * RATE / HOP) * HOP) / RATE
    phase = 2 * np.pi * (180 * times + 4 * times**2)
    wave = sum(np.sin(count * phase) / count for count in range(1, 9)) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * times))
    noise = np.random.default_rng(0).standard_normal(len(times))
    return Audio((0.1 * wave + 0.003 * noise).astype(np.float32)[None], RATE)


class Original:
    """The original, given our noise and our pitch, so that all else can be compared."""

    def __init__(self, voice, converter, monkeypatch):
        from so_vits_svc_fork.inference.core import Svc

        source = voice.folder.parents[1] / "checkpoint"
        config = json.loads((source / "config.json").read_text())
        # What its users have to write into configs of 4.1 by hand.
        config["data"]["contentvec_final_proj"] = config["model"]["ssl_dim"] == 256
        (source / "for-the-original.json").write_text(json.dumps(config))
        self.svc = Svc(net_g_path=source / "G_100.pth", config_path=source / "for-the-original.json", device="cpu")
        self.network, self.patch = converter.loaded.network, monkeypatch

    def sing(self, singing, piece: Audio, start: int) -> Audio:
        first, hops = start // HOP, piece.frames // HOP
        melody = slice_contour(singing._contour, first, hops)
        width = self.network.shape.inner_width
        normal = iter(
            [
                draw_noise(0, PRIOR, first, first + hops, width).T[None],
                draw_noise(0, SOURCE, first, first + hops, HARMONICS * HOP).reshape(1, -1, HARMONICS),
                np.zeros((1, hops * HOP, 1), np.float32),
            ]
        )
        phases = (melody.cycles[0] + draw_initial_phases(0, HARMONICS)) % 1
        uniform = torch.from_numpy(phases.astype(np.float32))[None]
        with self.patch.context() as patch:
            patch.setattr(torch, "randn_like", lambda like: torch.from_numpy(np.ascontiguousarray(next(normal))))
            patch.setattr(torch, "rand", lambda *_, **__: PhasesThatStay(uniform))
            patch.setattr("so_vits_svc_fork.f0.compute_f0", lambda *_, **__: np.zeros(hops))
            pitch = melody.hertz.copy(), melody.voiced.astype(np.float32)
            patch.setattr("so_vits_svc_fork.f0.interpolate_f0", lambda _: pitch)
            predicts = singing._options.predicted_pitch
            made, _ = self.svc.infer("singer", 0, piece.samples[0], auto_predict_f0=predicts)
        return piece.with_samples(made.numpy()[None])


class PhasesThatStay(torch.Tensor):
    """The original lets the fundamental begin at 0 in every piece; here it goes on where the song has come to."""

    def __setitem__(self, *_):
        pass


def singing_of(converter, given: Audio, options: SoVitsOptions):
    return converter.begin_song(analyse_song(given), ConversionOptions(automatic_key="off", own=options))


@pytest.mark.parametrize("name", KNOWN_TO_THE_ORIGINAL)
def test_every_generation_sounds_the_same(tmp_path, monkeypatch, name):
    voice = make_so_vits_voice(tmp_path, name)
    converter, given = load_so_vits(voice), song(2)
    singing = singing_of(converter, given, AS_THE_ORIGINAL)
    theirs = Original(voice, converter, monkeypatch).sing(singing, given, 0)
    assert np.std(theirs.samples) > 1e-3
    assert snr_db(theirs.samples, singing(given, 0).samples) > 100


@pytest.mark.parametrize("name", ["fork 4.0v1", "fork quickvc"])
def test_a_song_of_several_windows_sounds_the_same(tmp_path, monkeypatch, name):
    monkeypatch.setattr("vc_core.conversion.so_vits.converter.WINDOW_SECONDS", 2.0)
    monkeypatch.setattr("vc_core.conversion.so_vits.converter.CONTEXT_SECONDS", 0.5)
    monkeypatch.setattr("vc_core.conversion.chunked_decoding.CHUNK_SECONDS", 0.4)
    voice = make_so_vits_voice(tmp_path, name)
    converter, given = load_so_vits(voice), song(5)
    original, singing = Original(voice, converter, monkeypatch), singing_of(converter, given, AS_THE_ORIGINAL)
    windows = converter.windows
    ours, theirs = (
        process_in_windows(given, at_its_place(given, windows, sing), windows).samples
        for sing in (singing, lambda *place: original.sing(singing, *place))
    )
    border = round(windows.seconds * RATE)
    around = slice(border - RATE // 8, border + RATE // 8)
    assert snr_db(theirs[:, around], ours[:, around]) > 60
    away = np.delete(np.arange(given.frames), around)
    assert snr_db(theirs[:, away], ours[:, away]) > 100


def at_its_place(given: Audio, windows, sing):
    """Windows as the converter gives them, which know where in the song they begin."""
    own, context = round(windows.seconds * RATE), round(windows.context_seconds * RATE)
    starts = iter(max(0, at - context) for at in range(0, given.frames, own))
    return lambda piece: sing(piece, next(starts))


def test_a_predicted_melody_is_the_same(tmp_path, monkeypatch):
    voice = make_so_vits_voice(tmp_path)
    converter, given = load_so_vits(voice), song(2)
    predicting = SoVitsOptions(silence_db=-120, loudness_ratio=0, predicted_pitch=True)
    singing = singing_of(converter, given, predicting)
    theirs = Original(voice, converter, monkeypatch).sing(singing, given, 0)
    assert snr_db(theirs.samples, singing(given, 0).samples) > 60


def test_a_network_of_the_real_size_sounds_the_same(tmp_path, monkeypatch):
    voice = make_so_vits_voice(tmp_path, is_tiny=False)
    converter, given = load_so_vits(voice), song(3)
    singing = singing_of(converter, given, AS_THE_ORIGINAL)
    theirs = Original(voice, converter, monkeypatch).sing(singing, given, 0)
    assert snr_db(theirs.samples, singing(given, 0).samples) > 100


@pytest.mark.parametrize("name", ["fork 4.0v1-legacy", "fork 4.0v1", "fork quickvc"])
def test_the_checkpoints_of_the_tests_have_the_original_s_tensors(name):
    config = config_of(GENERATIONS[name])
    ours, theirs = OriginalParts(config).state_dict(), original_network(config).state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}


@pytest.mark.parametrize(("layers", "is_projected"), [(12, False), (9, True)])
def test_content_features_equal_those_of_transformers(layers, is_projected):
    from so_vits_svc_fork.utils import get_content, get_hubert_model

    network = content_vec.load_content_vec(layers, is_projected=is_projected)
    wave = song(2).resample(16_000).samples
    theirs = get_content(get_hubert_model("cpu", is_projected), wave[0], "cpu", 16_000, is_projected)
    with torch.inference_mode():
        assert snr_db(theirs.numpy(), network(torch.from_numpy(wave)).numpy()) > 100


def test_the_docs_have_an_answer_to_every_flag_of_the_original():
    from so_vits_svc_fork.__main__ import cli

    page = (Path(__file__).parents[3] / "docs" / "port_your_model.md").read_text()
    names = [name for option in cli.commands["infer"].params for name in option.opts if name.startswith("--")]
    assert len(names) > 10
    assert not [name for name in names if f"`{name}`" not in page]
