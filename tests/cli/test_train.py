"""`vc train`: train, list, resume and delete; the options are those of the method's settings."""

import inspect
import re
import sys
import time

import pytest
import tiny_training
from conftest import ROOT
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from vc_core.cli import app
from vc_core.cli.train import add_methods, train_app
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.home import get_studio_home
from vc_core.training import TRAINING_METHODS
from vc_core.training.run import job
from vc_core.training.run.job import find_run
from vc_core.training.run.spec import Schedule
from vc_core.training.run.start import RunRequest, create_run
from vc_core.training.settings import describe_settings
from vc_core.voices.library import VoiceLibrary, get_voices_folder

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
    assert VoiceLibrary(get_voices_folder()).find("Ann").card.consent == "own"
    code, said = vc("train", "list")
    assert "finished" in said
    assert "30 of 30" in said
    run = re.search(r"ann-[0-9a-f]{8}", said)[0]
    assert vc("train", "resume", run)[0] == 0
    check_board(vc, find_run(get_studio_home() / "training", run))
    assert vc("train", "delete", run) == (0, "It has been deleted.")
    assert "No trainings yet" in vc("train", "list")[1]
    assert VoiceLibrary(get_voices_folder()).find("Ann")


def check_board(vc, run):
    """TensorBoard's own reader finds the values of the run, also when they are written twice."""
    for _ in range(2):
        code, said = vc("train", "board", run.id)
        assert code == 0
        assert "tensorboard --logdir" in said
    board = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    losses = [(one.step, one.value) for one in board.Scalars("losses/loss")]
    assert losses == [(line["step"], pytest.approx(line["loss"])) for line in run.read_losses()]
    assert [(one.step, one.value) for one in board.Scalars("score")] == [
        (step, pytest.approx(score)) for step, score in run.read_scores()
    ]
    (sound,) = board.Audio("samples/held-out")
    assert sound.length_frames == read_audio(run.list_samples()[30]["held-out"]).frames


def test_a_start_is_made_of_ones_own_voices_and_used(vc, tmp_path):
    for name in ("ann", "ben"):
        write_audio(tmp_path / name / "line.flac", read_audio(LINE))
    words = ("train", "start", tmp_path / "ann", tmp_path / "ben", "-o", tmp_path / "own.safetensors", "--steps", 1)
    code, said = vc(*words)
    assert code == 0, said
    assert "own.safetensors" in said
    assert "exists already" in vc(*words)[1]
    assert vc(*words, "--force", "--method", "plain")[0] == 0
    common = (LINE, LINE, "--consent", "own", "--steps", 1, "--start", tmp_path / "own.safetensors")
    code, said = vc("train", "instant", *common, "--name", "Ann")
    assert code == 0, said
    assert VoiceLibrary(get_voices_folder()).find("Ann").card.engine == "instant"
    code, said = vc("train", "instant", LINE, "--consent", "own", "--name", "Ben", "--start", "gone.safetensors")
    assert (code, said) == (1, "There is no file “gone.safetensors”.")


def test_a_training_that_runs_elsewhere_is_watched_taken_and_stopped(vc, monkeypatch, tmp_path):
    monkeypatch.setattr(job, "WORKER", (sys.executable, tiny_training.__file__))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    settings = {"steps": 1000, "pause_seconds": 0.05}
    request = RunRequest("Ann", "tiny", "own", settings=settings, pace=Schedule(log_interval=1, eval_interval=3))
    home = get_studio_home()
    run = create_run(home / "training", home / "voices", request, [LINE, LINE]).run
    code, said = vc("train", "take", run.id)
    assert (code, "no voice yet" in said) == (1, True)
    run.start()
    end = time.monotonic() + 60
    while run.read_status().best_step is None:
        assert time.monotonic() < end, run.read_status()
        time.sleep(0.05)
    code, said = vc("train", "status", run.id)
    assert code == 0
    assert "of 1000" in said
    assert "loss" in said
    assert vc("train", "take", run.id) == (0, "“Ann” is in the library.")
    assert VoiceLibrary(get_voices_folder()).find("Ann")
    code, said = vc("train", "stop", run.id)
    assert code == 0
    assert "can be resumed" in said
    assert not run.is_alive()
    assert run.read_status().state == "stopped"
    assert vc("train", "stop", run.id) == (1, "This training does not run now.")


def test_vocals_are_taken_from_the_songs_of_a_folder_first(vc, song, tmp_path):
    for name in ("one", "two"):
        write_audio(tmp_path / "songs" / f"{name}.flac", song, format_name="flac16")
    words = ("--separate", "repet", "--name", "Ann", "--consent", "own", "--steps", 3)
    code, said = vc("train", "tiny", tmp_path / "songs", *words)
    assert code == 0, said
    assert "one.flac, two.flac" in VoiceLibrary(get_voices_folder()).find("Ann").card.origin
    code, said = vc("train", "tiny", tmp_path / "songs", *words)
    assert code == 1
    assert "a voice called “Ann” already" in said


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--name", "Ann", "--consent", "nobody"), "whose voice it is"),
        (("--name", "", "--consent", "own"), "needs a name"),
        (("--name", "Ann", "--consent", "own", "--log-interval", 0), "whole steps"),
    ],
)
def test_invalid_trainings_are_refused_with_a_message(vc, words, answer):
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


def test_every_option_of_every_method_is_explained():
    commands = {command.name: command for command in train_app.registered_commands}
    for name in TRAINING_METHODS:
        for parameter in inspect.signature(commands[name].callback).parameters.values():
            (option,) = parameter.annotation.__metadata__
            assert option.help, (name, parameter.name)
    assert "pretrained, scratch" in describe_settings(TRAINING_METHODS["so-vits"].settings)["start"]


@pytest.mark.parametrize(
    "words",
    [("relgan", "--width", 0), ("relgan", "--frames", 66), ("cyclegan", "--width", 1.5), ("cyclegan", "--batch", 0)],
)
def test_impossible_settings_are_refused_before_the_recordings_are_read(vc, tmp_path, words):
    code, said = vc("train", words[0], tmp_path / "gone", *words[1:], "--name", "Ann", "--consent", "own")
    assert code == 1
    assert re.search("width is|at least one excerpt", said)


def test_the_doctor_prints_remedies_and_sets_the_exit_code(vc, tmp_path):
    code, said = vc("doctor", LINE)
    assert code == 2
    assert "no-go" in said
    assert "Only 5 seconds can be used" in said
    (tmp_path / "notes.txt").write_text("hello")
    assert vc("doctor", tmp_path / "notes.txt")[0] == 1
