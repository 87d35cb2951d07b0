"""From a shell: a voice is trained, found again, resumed and deleted; options are those of the method's settings."""

import re

import pytest
import tiny_training
from conftest import ROOT
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.cli.train import add_methods, train_app
from vc_core.home import studio_home
from vc_core.reading import read_audio
from vc_core.training import TRAINING_METHODS
from vc_core.training.job import find_run
from vc_core.voices import VoiceLibrary, voices_home

LINE = ROOT / "examples" / "spoken_line.flac"


@pytest.fixture
def vc(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")
    before = list(train_app.registered_commands)
    train_app.registered_commands = [command for command in before if command.name not in TRAINING_METHODS]
    tiny_training.register()
    add_methods()

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, re.sub(r"\s+", " ", result.output).strip()

    yield run
    train_app.registered_commands = before
    del TRAINING_METHODS["tiny"]


def test_a_voice_is_trained_listed_and_its_training_deleted(vc):
    code, said = vc("train", "tiny", LINE, LINE, "--name", "Ann", "--consent", "own", "--steps", 30)
    assert code == 0
    assert "“Ann” is in the library" in said
    assert VoiceLibrary(voices_home()).find("Ann").card.consent == "own"
    code, said = vc("train", "list")
    assert "finished" in said
    assert "30 of 30" in said
    run = re.search(r"ann-[0-9a-f]{8}", said)[0]
    assert vc("train", "resume", run)[0] == 0
    check_board(vc, find_run(studio_home() / "training", run))
    assert vc("train", "delete", run) == (0, "It has been deleted.")
    assert "No trainings yet" in vc("train", "list")[1]
    assert VoiceLibrary(voices_home()).find("Ann")


def check_board(vc, run):
    """TensorBoard's own reader finds what the run has noted, also when it is written twice."""
    for _ in range(2):
        code, said = vc("train", "board", run.id)
        assert code == 0
        assert "tensorboard --logdir" in said
    board = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    losses = [(one.step, one.value) for one in board.Scalars("losses/loss")]
    assert losses == [(line["step"], pytest.approx(line["loss"])) for line in run.losses()]
    assert [(one.step, one.value) for one in board.Scalars("score")] == [
        (step, pytest.approx(score)) for step, score in run.scores()
    ]
    (sound,) = board.Audio("samples/held-out")
    assert sound.length_frames == read_audio(run.samples()[30]["held-out"]).frames


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--name", "Ann", "--consent", "nobody"), "whose voice it is"),
        (("--name", "", "--consent", "own"), "needs a name"),
        (("--name", "Ann", "--consent", "own", "--log-interval", 0), "whole steps"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(vc, words, answer):
    code, said = vc("train", "tiny", LINE, *words)
    assert code == 1
    assert answer in said


def test_every_method_has_its_own_options(vc):
    for name, method in TRAINING_METHODS.items():
        code, said = vc("train", name, "--help")
        assert code == 0
        for setting in ("name", "consent", "steps", "seed"):
            assert f"--{setting}" in said, (name, method)
    assert vc("train", "resume", "nonsense")[0] == 1


def test_the_doctor_says_what_to_do_and_its_exit_code_says_whether(vc, tmp_path):
    code, said = vc("doctor", LINE)
    assert code == 2
    assert "no-go" in said
    assert "Only 5 seconds can be used" in said
    (tmp_path / "notes.txt").write_text("hello")
    assert vc("doctor", tmp_path / "notes.txt")[0] == 1
