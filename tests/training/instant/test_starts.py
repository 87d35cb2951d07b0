"""Starts of the instant training: made of one's own voices, shipped, and used by a training."""

from pathlib import Path

import pytest
import torch

from vc_core.errors import UserError
from vc_core.files.writing import write_audio
from vc_core.speech.espeak import speak
from vc_core.training.base import Clips
from vc_core.training.instant.meta import MetaSettings
from vc_core.training.instant.settings import META_START_FILE, STARTS, InstantSettings
from vc_core.training.instant.starts import embed_recordings, load_start, make_start
from vc_core.training.instant.trainer import prepare_instant
from vc_core.voices.instant_weights import load_decoder, write_weights

SMALL = MetaSettings(steps=4, excerpts=2, frames=20, steps_of_a_voice=2)
TEXT = "The river runs slowly under the old stone bridge, and seven hungry wolves were watching."


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("voices")
    for voice in ("m3", "f2"):
        write_audio(folder / voice / "line.wav", speak(TEXT, voice=f"en-us+{voice}").audio)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module", params=STARTS)
def start(request, folders, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("starts") / f"{request.param}.safetensors"
    make_start(folders, path, request.param, SMALL)
    return path


def test_a_start_is_the_base_decoder_trained_further_in_half_precision(start):
    made, base = load_start(str(start)).state_dict(), load_decoder().state_dict()
    assert start.stat().st_size < 4e6
    assert not start.with_suffix(".part").exists()
    for name in ("first.weight", "last.weight"):
        assert 0 < (made[name] - base[name]).abs().max() < 0.1


def test_a_training_begins_with_the_start_and_its_speaker(start, folders, tmp_path):
    clips = Clips({"": [folders[0] / "line.wav"]})
    trainer = prepare_instant(clips, InstantSettings(steps=1, start=str(start)), tmp_path)
    decoder, weights = trainer.state_dict()["decoder"], load_start(str(start)).state_dict()
    torch.testing.assert_close(decoder["first.weight"], weights["first.weight"])
    torch.testing.assert_close(decoder["code"], embed_recordings(trainer._dataset.training))


def test_the_same_seed_makes_the_same_start(start, folders, tmp_path):
    make_start(folders, tmp_path / "again.safetensors", start.stem, SMALL)
    again, first = (load_start(str(path)).state_dict() for path in (tmp_path / "again.safetensors", start))
    for name, value in first.items():
        torch.testing.assert_close(value, again[name])


def test_the_meta_start_belongs_to_the_shipped_encoders():
    """After another training of the encoders: python -m starters.instant.train_meta."""
    if META_START_FILE.is_file():
        assert META_START_FILE.stat().st_size < 4e6
        load_start(InstantSettings(start="meta").start)
    else:
        with pytest.raises(UserError, match="does not come with this version"):
            InstantSettings(start="meta")


def test_a_start_of_other_encoders_is_refused(tmp_path):
    write_weights(load_decoder(), tmp_path / "old.safetensors", {"encoders": "others"})
    with pytest.raises(UserError, match="another version of the instant engine"):
        load_start(str(tmp_path / "old.safetensors"))


@pytest.mark.parametrize(
    ("start", "answer"), [("Clara", "no start “Clara”"), ("/gone.safetensors", "no file “/gone.safetensors”")]
)
def test_a_training_names_a_start_that_exists(start, answer):
    with pytest.raises(UserError, match=answer):
        InstantSettings(start=start)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"folders": 1}, "at least 2 voices"),
        ({"method": "maml"}, "plain, meta"),
        ({"path": "start.pt"}, "ends in .safetensors"),
        ({"settings": MetaSettings(steps=0)}, "at least one step"),
    ],
)
def test_what_can_be_no_start_is_refused_before_any_training(folders, tmp_path, given, answer):
    path = tmp_path / given.get("path", "start.safetensors")
    with pytest.raises(UserError, match=answer):
        make_start(folders[: given.get("folders", 2)], path, given.get("method", "meta"), given.get("settings", SMALL))
    assert not path.exists()


def test_a_folder_without_a_voice_is_named(folders, tmp_path):
    write_audio(tmp_path / "quiet" / "line.wav", speak(TEXT, voice="en-us+whisper").audio.slice(0, 2))
    with pytest.raises(UserError, match="quiet"):
        make_start([folders[0], tmp_path / "quiet"], tmp_path / "start.safetensors", "meta", SMALL)
