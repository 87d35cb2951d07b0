"""A file that is not what it should be is refused with one sentence, and nothing is installed."""

import pickle
from dataclasses import replace

import pytest
import torch
import yaml
from separation.roformer_maker import BS, MEL, MEL_MANY, make_config, make_tensors, write_model

from vc_core.errors import UserError
from vc_core.separation.roformer import install_local, list_installed


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "model")


def change(checkpoint, **sections) -> None:
    """Change settings of its config, as in `model={"dim": 3}`; those that are None are removed."""
    path = checkpoint.with_suffix(".yaml")
    config = yaml.unsafe_load(path.read_text())
    for section, settings in sections.items():
        config[section] = {name: value for name, value in (config[section] | settings).items() if value is not None}
    path.write_text(yaml.dump(config))


def refusal_of(checkpoint) -> str:
    with pytest.raises(UserError) as refused:
        install_local(str(checkpoint))
    assert list_installed() == ()
    return str(refused.value)


STATED = [
    ({"dim": 32}, "dim is 32 in one, and 16"),
    ({"depth": 12}, "depth is 12 in one, and 2"),
    ({"heads": 8}, "heads is 8 in one, and 2"),
    ({"num_bands": 64}, "num_bands is 64 in one, and 60"),
    ({"stereo": False}, "stereo is False in one, and True"),
    ({"time_transformer_depth": 2}, "time_transformer_depth is 2 in one, and 1"),
    ({"linear_transformer_depth": 1}, "linear_transformer_depth is 1 in one, and 0"),
    ({"mask_estimator_depth": 7}, "mask_estimator_depth is 7 in one, and 3"),
    ({"mlp_expansion_factor": 4}, "mlp_expansion_factor is 4 in one, and 2"),
    ({"dim": 10**12}, "dim is 1000000000000 in one, and 16"),
    ({"stft_n_fft": 4096, "stft_win_length": 4096}, "its bands are not those of stft_n_fft 4096"),
]


@pytest.mark.parametrize(("settings", "reason"), STATED, ids=[reason for _, reason in STATED])
def test_a_config_of_another_model_is_refused(model, settings, reason):
    change(model, model=settings)
    assert reason in refusal_of(model)


UNREASONABLE = [
    ({"model": {"stft_n_fft": 10**9}}, "stft_n_fft is 1000000000"),
    ({"model": {"stft_hop_length": 0}}, "stft_hop_length is 0"),
    ({"model": {"stft_hop_length": "441"}}, "stft_hop_length is 441"),
    ({"model": {"sample_rate": 12345}}, "a sample rate of 12345 Hz"),
    ({"model": {"use_pope": True}}, "use_pope is another kind"),
    ({"audio": {"chunk_size": 10**12}}, "chunk_size is 1000000000000"),
    ({"audio": {"chunk_size": 100}}, "chunk_size is 100"),
    ({"inference": {"num_overlap": 0}}, "num_overlap is 0"),
    ({"training": {"instruments": None}}, "it names no instruments"),
    ({"training": {"instruments": [{"a": 1}, 2]}}, "an instrument"),
]


@pytest.mark.parametrize(("sections", "reason"), UNREASONABLE, ids=[reason for _, reason in UNREASONABLE])
def test_a_config_without_sense_is_refused(model, sections, reason):
    change(model, **sections)
    refused = refusal_of(model)
    assert "is not the config of a RoFormer" in refused
    assert reason in refused


def test_instruments_of_another_model_are_refused(tmp_path):
    model = write_model(tmp_path / "model", MEL_MANY)
    change(model, training={"instruments": ["vocals", "other"]})
    assert "names 2 stems (vocals, other), and “tiny.ckpt” has 4" in refusal_of(model)
    change(model, training={"instruments": ["vocals", "drums", "Vocals", "other"]})
    assert "can't be told apart" in refusal_of(model)
    change(model, training={"instruments": ["vocals", "../../drums", "bass", "other"]})
    assert "can't be the name of a stem" in refusal_of(model)


def test_python_objects_in_a_config_are_refused_and_never_made(model, tmp_path):
    for tag in ("object/apply:os.mkdir", "object/new:os.mkdir", "name:os.mkdir", "module:os", "object:os.PathLike"):
        text = model.with_suffix(".yaml").read_text()
        hostile = text + f"\nextra: !!python/{tag} ['{tmp_path}/made']\n"
        model.with_suffix(".yaml").write_text(hostile)
        assert "names Python objects" in refusal_of(model)
        model.with_suffix(".yaml").write_text(text)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "just text",
        "- a\n- list",
        "model: [1, 2]",
        "a: &a [1]\nb: *a",
        "{" * 5000,
        "\0\1\2",
        "model: !!python/tuple 3",
        "x" * 200_000,
    ],
    ids=["empty", "text", "list", "no section", "alias", "deep", "binary", "no tuple", "too large"],
)
def test_a_file_that_is_no_config_is_refused(model, content):
    model.with_suffix(".yaml").write_text(content)
    assert "tiny.yaml" in refusal_of(model)


def test_without_a_config_it_says_where_to_put_one(model):
    model.with_suffix(".yaml").unlink()
    assert refusal_of(model) == "“tiny.ckpt” has no config: put its .yaml beside it, under the same name."


def save(model, tensors) -> None:
    torch.save(tensors, model)


def test_missing_and_unknown_weights_are_named(model):
    tensors = make_tensors(MEL)
    save(model, {name: value for name, value in tensors.items() if name != "layers.1.0.layers.0.0.to_out.0.weight"})
    assert "it lacks weights (blocks.1.time.attentions.0.out.weight)" in refusal_of(model)
    save(model, tensors | {"band_split.extra": torch.ones(2)})
    assert "it has unknown weights (band_split.extra)" in refusal_of(model)
    save(model, tensors | {"layers.0.1.norm.gamma": torch.ones(17)})
    assert "it has misshapen weights" in refusal_of(model)
    save(model, tensors | {"layers.0.1.norm.gamma": torch.full((16,), torch.nan)})
    assert "holds values that are not numbers" in refusal_of(model)
    save(model, {name: value for name, value in tensors.items() if not name.startswith("band_split.to_features.59.")})
    assert "its bands are not those of" in refusal_of(model)


def test_other_networks_are_told_apart(model):
    tensors = make_tensors(BS)
    save(model, tensors | {"layers.1.0.layers.0.0.to_value_residual_mix.weight": torch.ones(2, 16)})
    assert "it has value residuals" in refusal_of(model)
    save(model, {"encoder.0.conv.weight": torch.ones(2, 2)})
    assert "it has no weights of a band split" in refusal_of(model)
    save(model, tensors | {"layers.0.0.layers.0.0.rotary_embed.freqs": torch.ones(4)})
    assert "rotary frequencies of its own" in refusal_of(model)
    save(model, {"state_dict": {"a": 1}})
    assert "holds more than weights" in refusal_of(model)


def test_truncated_files_and_web_pages_are_refused(model):
    whole = model.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:100], b"<html>404</html>", b""):
        model.write_bytes(content)
        assert "tiny.ckpt" in refusal_of(model)


def test_code_in_a_checkpoint_is_never_run(model, tmp_path):
    class Hostile:
        def __reduce__(self):
            import os

            return os.mkdir, (str(tmp_path / "made"),)

    model.write_bytes(pickle.dumps({"state_dict": Hostile()}))
    assert "it holds code" in refusal_of(model)
    assert not (tmp_path / "made").exists()


def test_a_view_of_a_giant_tensor_allocates_nothing(model):
    tensors = make_tensors(MEL)
    tensors["bands.0.x"] = torch.ones(1).expand(10**12)
    save(model, tensors)
    assert "not a whole checkpoint" in refusal_of(model)


def test_several_models_in_a_folder_must_be_told_apart(model):
    write_model(model.parent, replace(MEL, seed=2), "second")
    assert "has several models" in refusal_of(model.parent)


def test_a_damaged_installed_model_is_named(model, monkeypatch):
    from vc_core.separation import SeparatorOptions, load_separator

    name = install_local(str(model))
    (installed,) = list_installed()
    installed.path.write_bytes(installed.path.read_bytes()[:1000])
    with pytest.raises(UserError, match="The model “tiny” is damaged"):
        load_separator("roformer", "cpu", SeparatorOptions(model=name))


def test_the_config_of_the_maker_is_of_the_published_kind():
    """With tuples, which plain yaml readers refuse."""
    text = yaml.dump(make_config(BS))
    assert "!!python/tuple" in text
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(text)
