"""What is wrong with a so-vits checkpoint, its config or its clusters is said in one sentence; no code in it is run."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from conversion.so_vits_maker import add_clusters, change_config, change_weights, make_clusters

from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.errors import UserError
from vc_core.voices.facts import VoiceFacts

FACTS = VoiceFacts("Drake", "permission", "CC-BY-4.0", speaker="singer")


WRONG_CONFIGS = {
    "no speakers": (lambda c: c.pop("spk"), "makes no sense|makes sense"),
    "speakers of none": (lambda c: c.update(spk={}), "names no singers"),
    "speakers by the million": (lambda c: c.update(spk={str(n): n for n in range(5000)}), "names no singers"),
    "two of one number": (lambda c: c.update(spk={"a": 0, "b": 0}), "the same number"),
    "a number too high": (lambda c: c.update(spk={"singer": 4}), "has 4 singers"),
    "a name of control letters": (lambda c: c.update(spk={"si\x00nger": 0}), "a name that is none"),
    "a number that is none": (lambda c: c.update(spk={"singer": "0"}), "spk singer is '0'"),
    "no rates": (lambda c: c["model"].pop("upsample_rates"), "upsample_rates"),
    "huge rates": (lambda c: c["model"].update(upsample_rates=[10**9]), "upsample_rates"),
    "other rates": (lambda c: c["model"].update(upsample_rates=[8, 8, 2, 2, 4]), "don't make its hop_length"),
    "fewer rates": (lambda c: c["model"].update(upsample_rates=[8, 8, 8]), "another number of layers"),
    "huge dilations": (lambda c: c["model"].update(resblock_dilation_sizes=[[10**6]] * 3), "dilation"),
    "no sample rate": (lambda c: c["data"].update(sampling_rate=0), "sampling_rate is 0"),
    "a hop of none": (lambda c: c["data"].update(hop_length=-512), "hop_length is -512"),
    "another ear": (lambda c: c["model"].update(speech_encoder="whisper-ppg"), "hears through “whisper-ppg”"),
    "a list": (lambda c: c.update(data=[1]), "makes sense"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_an_invalid_config_is_refused(files, library, wrong):
    change, sentence = WRONG_CONFIGS[wrong]
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, change_config(files, change), FACTS)
    assert library.list() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"data": 1, "model": 2, "spk": 3}'])
def test_a_file_that_is_no_config_is_refused(files, library, text):
    files.config.write_text(text)
    with pytest.raises(UserError, match="config"):
        import_so_vits(library, files, FACTS)


WRONG_WEIGHTS = {
    "a layer missing": (lambda m: m.pop("enc_p.proj.bias"), r"lacks weights \(enc_p.proj.bias\)"),
    "a layer of another size": (lambda m: m.update({"pre.bias": torch.zeros(3)}), r"misshapen weights \(pre.bias\)"),
    "a layer too many": (lambda m: m.update({"extra": torch.zeros(3)}), "unknown weights"),
    "NaN": (lambda m: m["pre.bias"].fill_(float("nan")), "not numbers"),
    "snake": (lambda m: m.update({"dec.snakes.0.alpha": torch.zeros(3)}), "nsf-snake-hifigan"),
    "tiny": (lambda m: m.update({"enc_p.depth_conv.weight": torch.zeros(3)}), "tiny"),
    "shared flow": (lambda m: m.update({"flow.wn.in_layers.0.bias": torch.zeros(3)}), "tiny"),
    "transformer flow": (
        lambda m: m.update({"flow.flows.0.pre_transformer.attn_layers.0.conv_q.bias": torch.zeros(3)}),
        "transformer flow",
    ),
    "no tensor": (lambda m: m.update({"pre.bias": "text"}), "more than weights"),
    "a discriminator": (lambda m: (m.clear(), m.update({"discriminators.0.bias": torch.zeros(3)})), "begins with G_"),
    "huge by name": (
        lambda m: m.update({"emb_g.weight": torch.zeros(1).expand(4, 3_000_000)}),
        "too large|not a whole|misshapen",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_WEIGHTS)
def test_weights_that_don_t_fit_are_refused_by_name(files, library, wrong):
    change, sentence = WRONG_WEIGHTS[wrong]
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, change_weights(files, change), FACTS)
    assert library.list() == []


IMPORT = """
import sys
from pathlib import Path
from vc_core.conversion.so_vits.importing import import_so_vits
from vc_core.conversion.so_vits.repo import SoVitsFiles
from vc_core.errors import UserError
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary
generator, config, library = map(Path, sys.argv[1:])
try:
    facts = VoiceFacts("X", "own", "MIT", speaker="singer")
    import_so_vits(VoiceLibrary(library), SoVitsFiles(generator, config), facts)
except UserError as error:
    print("refused:", error)
"""


def test_tensors_without_rows_are_refused_before_torch_divides_by_their_number(files, library, tmp_path):
    """In another process: torch ends it with SIGFPE."""

    def empty(model):
        model.update({name: tensor[:0] for name, tensor in model.items() if name.endswith(("weight_g", "weight_v"))})

    change_weights(files, empty)
    command = [sys.executable, "-W", "ignore", "-c", IMPORT, files.generator, files.config, tmp_path / "voices"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("refused:")
    assert "weight_" in done.stdout
    assert library.list() == []


class Payload:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_a_malicious_checkpoint_is_refused_and_never_run(files, library, tmp_path):
    torch.save({"model": Payload(tmp_path / "ran"), "iteration": 1}, files.generator)
    with pytest.raises(UserError, match="holds code"):
        import_so_vits(library, files, FACTS)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04half", b"noise" * 1000])
def test_a_damaged_checkpoint_is_refused(files, library, content):
    files.generator.write_bytes(content)
    with pytest.raises(UserError, match="Download it again|damaged"):
        import_so_vits(library, files, FACTS)


def test_a_file_cut_short_is_refused(files, library):
    files.generator.write_bytes(files.generator.read_bytes()[:-5000])
    with pytest.raises(UserError, match="Download it again"):
        import_so_vits(library, files, FACTS)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (make_clusters(256), "hears 768 numbers"),
        (make_clusters(stranger=5), "other singers: stranger"),
        ({"singer": {"cluster_centers_": np.full((3, 768), np.nan, np.float32)}}, "not numbers"),
        ({"singer": 5}, "no file of clusters"),
        ([1, 2], "no named weights"),
    ],
)
def test_clusters_that_don_t_fit_are_refused(files, library, tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        import_so_vits(library, add_clusters(files, tmp_path / "kmeans.pt", content), FACTS)


def test_malicious_clusters_are_refused_and_never_run(files, library, tmp_path):
    content = make_clusters() | {"other": Payload(tmp_path / "ran")}
    with pytest.raises(UserError, match="holds code"):
        import_so_vits(library, add_clusters(files, tmp_path / "kmeans.pt", content), FACTS)
    assert not (tmp_path / "ran").exists()
