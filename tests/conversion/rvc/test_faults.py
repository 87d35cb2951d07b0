"""What is wrong with a checkpoint or an archive is said in one sentence; nothing is run, nothing allocated on a lie."""

import io
import os
import resource
import struct
import zipfile

import pytest
import torch
from conversion.rvc_maker import Kind, export_of, training_of, write_export

from vc_core.conversion.importing import ModelChoice, import_model, open_source
from vc_core.conversion.rvc.files import RvcFiles
from vc_core.conversion.rvc.importing import import_rvc
from vc_core.errors import UserError
from vc_core.voices.facts import VoiceFacts
from vc_core.voices.library import VoiceLibrary

FACTS = VoiceFacts("Singer", "own", "MIT")


class Payload:
    """Unpickling it would make a folder."""

    def __init__(self, mark) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.fixture
def library(tmp_path):
    return VoiceLibrary(tmp_path / "voices")


def set_weight(name, value):
    return lambda export: export["weight"].update({name: value})


def set_config(at, value):
    return lambda export: export["config"].__setitem__(at, value)


def fill(name, value):
    return lambda export: export["weight"][name].fill_(value)


def rename(old, new):
    def change(export):
        export["weight"] = {name.replace(old, new): value for name, value in export["weight"].items()}

    return change


T = torch.zeros
FAULTS = {
    "a rate that the config contradicts": (lambda e: e.update(sr="48k"), r"contradicts itself: it says 48000 Hz"),
    "a rate of none": (lambda e: e.update(sr="44k"), "a sample rate that RVC doesn't have: 44k"),
    "a rate that is a list": (lambda e: e.update(sr=[40_000]), "a sample rate that RVC doesn't have"),
    "a rate that is true": (lambda e: e.update(sr=True), "a sample rate that RVC doesn't have"),
    "a config of 18 lies": (lambda e: e.update(config=[1] * 18), "no config that makes sense"),
    "a config that is short": (lambda e: e.update(config=e["config"][:9]), "no config that makes sense"),
    "a config of text": (lambda e: e.update(config="40k"), "no config that makes sense"),
    "a config of another rate": (set_config(17, 48_000), "contradicts itself"),
    "a config of other layers": (set_config(12, [10, 8, 2, 2]), "contradicts itself"),
    "a config of huge layers": (set_config(12, [10**9, 10, 2, 2]), "contradicts itself"),
    "a config of other blocks": (set_config(9, "2"), "other residual blocks"),
    "a config of no blocks": (set_config(10, None), "other residual blocks"),
    "a config of other dilations": (set_config(11, [[1, 9]]), "other residual blocks"),
    "another vocoder by name": (lambda e: e.update(vocoder="RefineGAN"), "the vocoder “RefineGAN”"),
    "Applio's other vocoder by name": (lambda e: e.update(vocoder="MRF HiFi-GAN"), "the vocoder “MRF HiFi-GAN”"),
    "another vocoder by its layers": (set_weight("dec.mrfs.0.convs1.0.weight", T(3)), "the vocoder “MRF HiFi-GAN”"),
    "RefineGAN by its layers": (set_weight("dec.mel_conv.weight", T(3)), "the vocoder “RefineGAN”"),
    **{
        f"the encoder {name}": (lambda e, name=name: e.update(embedder_model=name), f"its encoder is “{name}”")
        for name in ("spin", "spin-v2", "chinese-hubert-base", "japanese-hubert-base", "korean-hubert-base", "custom")
    },
    "an encoder's other layer": (
        lambda e: e.update(embedder_name="hubert_base", embedder_output_layer=9), "its encoder"),
    "an encoder that is a tensor": (lambda e: e.update(embedder_model=T(3)), "no config that makes sense"),
    "an even kernel": (
        set_weight("flow.flows.0.enc.in_layers.0.weight_v", T(32, 16, 4).half()), "kernels that don't fit"),
    "a decoder too narrow": (set_weight("dec.conv_pre.weight", T(3, 16, 7).half()), "can't be built|misshapen"),
    "an encoder of markup": (lambda e: e.update(embedder_model="<b>" * 50), "its encoder is “<b>"),
    "no pitch embedding": (lambda e: e["weight"].pop("enc_p.emb_pitch.weight"), "layers for pitch are missing"),
    "no source": (lambda e: e["weight"].pop("dec.m_source.l_linear.weight"), "layers for pitch are missing"),
    "a layer missing": (lambda e: e["weight"].pop("enc_p.proj.bias"), r"lacks weights \(enc_p.proj.bias\)"),
    "a layer too many": (set_weight("extra", T(3)), r"unknown weights \(extra\)"),
    "a layer of another size": (set_weight("enc_p.emb_phone.bias", T(3)), r"misshapen weights \(enc_p.emb"),
    "features of another width": (set_weight("enc_p.emb_phone.weight", T(16, 1024)), "generator.*1024 features"),
    "half precision's NaN": (fill("enc_p.emb_phone.weight", float("nan")), "values that are not numbers"),
    "infinite": (fill("emb_g.weight", float("inf")), "values that are not numbers"),
    "no layers": (lambda e: e["weight"].clear(), "not the generator|unknown layout"),
    "a kernel of none": (set_weight("dec.ups.0.weight_v", T(64, 32, 9)), "unknown layout"),
    "a magnitude that doesn't fit": (set_weight("dec.ups.0.weight_g", T(3, 1, 1)), "does not fit its direction"),
    "layers numbered with gaps": (rename("flow.flows.2.", "flow.flows.3."), "not the generator"),
    "layers numbered endlessly": (rename("flow.flows.6.", "flow.flows.999999999999."), "not the generator"),
    "heads of none": (set_weight("enc_p.encoder.attn_layers.0.emb_rel_k", T(1, 21, 900)), "not the generator"),
    "huge by its shape": (set_weight("emb_g.weight", T(1).half().expand(2_000_000_000, 8)), "not a whole checkpoint"),
    "huge by its width": (set_weight("emb_g.weight", T(5000, 8).half()), "not the generator.*emb_g"),
    "empty": (set_weight("emb_g.weight", T(0, 8)), "empty or not a plain one"),
    "sparse": (set_weight("emb_g.weight", T(4, 8).to_sparse()), "not a plain one|holds code|not a whole"),
    "text for a tensor": (set_weight("emb_g.weight", "text"), "holds more than weights"),
    "a number for a name": (set_weight(5, T(3)), "holds more than weights"),
    "no weights": (lambda e: e.pop("weight"), "holds more than weights"),
    "a discriminator": (
        lambda e: (e.clear(), e.update(model={"discriminators.0.convs.0.weight": T(3)})), "is a discriminator"),
    "a vocoder": (lambda e: (e.clear(), e.update(generator={"conv_pre.weight": T(3)})), "is of a vocoder"),
    "so-vits": (
        lambda e: (e.clear(), e.update(model={"pre.weight": T(3), "enc_p.enc_.x": T(3)})), "config.json is missing"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_checkpoint_is_refused_by_one_sentence(library, tmp_path, fault):
    change, sentence = FAULTS[fault]
    export = export_of(Kind("v2", "40k"))
    change(export)
    torch.save(export, tmp_path / "voice.pth")
    with pytest.raises(UserError, match=sentence) as refused:
        import_rvc(library, RvcFiles(tmp_path / "voice.pth"), FACTS)
    assert len(str(refused.value)) < 260
    assert library.list() == []


def test_there_are_many_faults():
    assert len(FAULTS) >= 40


def test_without_pitch_two_rates_look_alike_and_the_config_decides(library, tmp_path):
    training = training_of(Kind("v1", "32k", False))
    torch.save(training, tmp_path / "G_1.pth")
    with pytest.raises(UserError, match="can't be told from its weights"):
        import_rvc(library, RvcFiles(tmp_path / "G_1.pth"), FACTS)
    for rate in ("32k", "48k"):
        voice = import_rvc(
            library, RvcFiles(write_export(tmp_path / "a.pth", Kind("v1", rate, False))), VoiceFacts(rate, "own", "MIT")
        )
        assert voice.card.sample_rate == int(rate[:-1]) * 1000


@pytest.mark.parametrize("place", ["weight", "config", "info"])
def test_code_in_a_checkpoint_is_refused_and_never_run(library, tmp_path, place):
    export = export_of(Kind("v2", "40k"))
    if place == "weight":
        export["weight"]["emb_g.weight"] = Payload(tmp_path / "ran")
    else:
        export[place] = Payload(tmp_path / "ran")
    torch.save(export, tmp_path / "voice.pth")
    with pytest.raises(UserError, match="holds code beside its weights"):
        import_rvc(library, RvcFiles(tmp_path / "voice.pth"), FACTS)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04half", b"noise" * 1000, b"\x80\x02cos\nsystem\n(S'x'\ntR."])
def test_a_file_that_is_no_checkpoint_is_refused(library, tmp_path, content):
    (tmp_path / "voice.pth").write_bytes(content)
    with pytest.raises(UserError, match="Download it again|damaged"):
        import_rvc(library, RvcFiles(tmp_path / "voice.pth"), FACTS)


# Archives


def export_bytes() -> bytes:
    buffer = io.BytesIO()
    torch.save(export_of(Kind("v2", "40k")), buffer)
    return buffer.getvalue()


def bomb() -> bytes:
    """Three hundred megabytes of zeros in a third of one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("Ann.pth", "w") as entry:
        block = bytes(1 << 20)
        for _ in range(300):
            entry.write(block)
    return buffer.getvalue()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def understated() -> bytes:
    """The directory says that the entry is shorter than it is."""
    content = bytearray(packed({"Ann.pth": b"x" * 100_000}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(packed({"Ann.pth": b"x" * 100}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def overlapping() -> bytes:
    """Two entries of the directory are the same bytes: a hundred would be a bomb."""
    content = bytearray(packed({"Ann.pth": b"x" * 100, "Ben.pth": b"x" * 100}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 42 : at + 46] = struct.pack("<I", 0)
    return bytes(content)


def linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("Ann.pth")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


ARCHIVES = {
    "a bomb": (bomb, "too large to be a model's"),
    "an understated size": (understated, "too large|damaged"),
    "a path out of it": (lambda: packed({"../../Ann.pth": b"x"}), "not where a model's file can be"),
    "an absolute path": (lambda: packed({"/tmp/Ann.pth": b"x"}), "not where a model's file can be"),
    "a path of Windows": (lambda: packed({"C:\\Ann.pth": b"x"}), "not where a model's file can be"),
    "a path too deep": (lambda: packed({"a/" * 30 + "Ann.pth": b"x"}), "not where a model's file can be"),
    "a name that runs backwards": (lambda: packed({"Ann\u202egnp.pth": b"x"}), "not where a model's file can be"),
    "files over one another": (overlapping, "damaged"),
    "a name of control letters": (lambda: packed({"A\x07nn.pth": b"x"}), "not where a model's file can be"),
    "a link": (linked, "only a link"),
    "a password": (encrypted, "locked with a password"),
    "half": (lambda: packed({"Ann.pth": b"x" * 1000})[:500], "damaged"),
    "no zip": (lambda: b"Rar!\x1a\x07" + b"x" * 500, "damaged"),
    "nothing of a voice": (lambda: packed({"song.mp3": b"x"}), "has no voice"),
    "only an index": (lambda: packed({"a.index": b"x"}), "has no voice"),
    "code": (lambda: packed({"Ann.pth": b"\x80\x02cos\nsystem\n(S'x'\ntR."}), "damaged|holds code"),
    "too many files": (lambda: packed({f"{n}.txt": b"" for n in range(5001)}), "too many files"),
}


@pytest.mark.parametrize("fault", ARCHIVES)
def test_a_hostile_archive_is_refused_by_one_sentence(library, tmp_path, fault):
    make, sentence = ARCHIVES[fault]
    (tmp_path / "Ann.zip").write_bytes(make())
    where = str(tmp_path / "Ann.zip")
    with pytest.raises(UserError, match=sentence), open_source(where, allow_local=True) as source:
        import_model(library, source, ModelChoice(), FACTS)
    assert library.list() == []
    assert not (tmp_path.parent / "Ann.pth").exists()


def test_other_archives_are_named(tmp_path):
    (tmp_path / "Ann.rar").write_bytes(b"Rar!")
    where = str(tmp_path / "Ann.rar")
    with pytest.raises(UserError, match="“Ann.rar” can't be opened here"), open_source(where, allow_local=True):
        pass


def test_names_of_any_script_are_imported(library, tmp_path):
    (tmp_path / "아이유.zip").write_bytes(packed({"아이유 (라이브)/아이유_e10.pth": export_bytes(), "메모.txt": b"x"}))
    with open_source(str(tmp_path / "아이유.zip"), allow_local=True) as source:
        voice = import_model(library, source, ModelChoice(), VoiceFacts("아이유", "permission", "MIT"))
    assert voice.folder.is_dir()


def test_files_that_differ_only_in_case_don_t_overwrite_each_other(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed({"A/Ann.pth": b"1", "A/ann.pth": b"22", "a/Ann.pth": b"333"}))
    with open_source(str(tmp_path / "a.zip"), allow_local=True) as source:
        paths = [source.fetch(name, lambda *_: None) for name in source.files]
        assert [path.stat().st_size for path in paths] == [1, 2, 3]
        assert len({path.parent for path in paths}) == 3


def test_a_lie_about_size_allocates_nothing(library, tmp_path):
    """The peak of this process grows by far less than the shape promises."""
    export = export_of(Kind("v2", "40k"))
    export["weight"]["emb_g.weight"] = torch.zeros(1).half().expand(4000, 400_000)
    torch.save(export, tmp_path / "voice.pth")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError):
        import_rvc(library, RvcFiles(tmp_path / "voice.pth"), FACTS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
