"""A whole so-vits run on a small scale: from recordings to a line that the new voice sings, also through a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.so_vits_maker import write_content_vec

from vc_core.audio import join
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.espeak import speak
from vc_core.reading import read_audio
from vc_core.training.beginning import Wanted, begin_run
from vc_core.training.doctor import examine
from vc_core.training.job import Run
from vc_core.training.recordings import gather
from vc_core.training.spec import SPEC, Pace
from vc_core.training.worker import work
from vc_core.voices import VoiceLibrary, verify
from vc_core.writing import write_audio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS, STEPS_OF_KILLED = 60, 24
SMALL = {"start": "scratch", "batch_size": 2, "width": 0.06, "judges": 1, "learning_rate": 1e-3}
SENTENCES = (
    "The river runs slowly under the old stone bridge, and nobody knows how far it goes.",
    "Seven hungry wolves were watching the moon rise above the quiet hills.",
    "Hold me now, and never let the evening end before the song is over.",
    "Bring the yellow boat along the shore while the water is still warm.",
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    write_content_vec()
    folder = tmp_path_factory.mktemp("recordings")
    for at in range(3):
        spoken = [speak(text, voice="en-us+m3").audio for text in SENTENCES[at:] + SENTENCES[:at]]
        write_audio(folder / f"take {at}.wav", join(spoken))
    return folder


@pytest.fixture(scope="module")
def finished(recordings, tmp_path_factory):
    """A run of 60 steps, undisturbed."""
    home = tmp_path_factory.mktemp("home")
    wanted = Wanted("Ann", "so-vits", "synthetic", settings=SMALL, pace=Pace(log_interval=1, eval_interval=STEPS))
    wanted = replace(wanted, settings=SMALL | {"steps": STEPS})
    run = begin_run(home / "runs", home, wanted, [recordings]).run
    status = work(run)
    assert (status.state, status.message.split(":")[0]) == ("finished", "“Ann” is in the library")
    return run


def losses_of(run: Run) -> dict[int, dict[str, float]]:
    return {int(line["step"]): line for line in run.losses()}


def test_the_doctor_lets_the_recordings_pass(recordings, tmp_path):
    report = examine(gather([recordings], tmp_path).recordings)
    assert report.verdict != "no-go"


def test_recordings_become_a_voice_that_sings(finished):
    losses = losses_of(finished)
    assert len(losses) == STEPS
    early, late = ([losses[step]["mel"] for step in steps] for steps in (range(1, 6), range(STEPS - 4, STEPS + 1)))
    assert np.mean(late) < 0.7 * np.mean(early)
    assert set(finished.samples()[STEPS]) == {"phrase", "song"}
    voice = VoiceLibrary(Path(finished.spec.library)).find("Ann")
    assert verify(voice) == []
    assert voice.card.settings["trained_steps"] == STEPS
    line = read_audio(ROOT / "examples" / "sung_line.flac")
    sung = load_converter(voice).convert(line, ConversionOptions(automatic_key="off"))
    assert (sung.frames, sung.sample_rate) == (line.frames, line.sample_rate)
    assert np.isfinite(sung.samples).all()
    assert np.abs(sung.samples).max() > 1e-3


def test_the_original_reads_what_the_run_kept(finished):
    """Its own networks, filled by its own loader, have the very weights of the run's last checkpoint."""
    from so_vits_svc_fork import utils
    from so_vits_svc_fork.modules.synthesizers import SynthesizerTrn

    folder = finished.folder / "features" / "so-vits-svc-fork"
    hparams = utils.get_hparams(folder / "config.json")
    segment = hparams.train.segment_size // hparams.data.hop_length
    network = SynthesizerTrn(hparams.data.filter_length // 2 + 1, segment, **hparams.model.__dict__)
    utils.load_checkpoint(folder / f"G_{STEPS}.pth", network, None)
    kept = torch.load(finished.folder / "checkpoints" / "last.pt", weights_only=True)["trainer"]["generator"]
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
    assert json.loads((folder / "config.json").read_text())["spk"] == {"voice": 0}


def test_after_a_kill_it_goes_on_with_the_very_same_losses(finished, tmp_path):
    run = Run(tmp_path / "killed")
    run.folder.mkdir()
    for name in ("clips", "features"):
        shutil.copytree(finished.folder / name, run.folder / name)
    pace = Pace(log_interval=1, eval_interval=10**6, save_seconds=0.0)
    spec = replace(
        finished.spec, name="Killed", pace=pace, settings=SMALL | {"steps": STEPS_OF_KILLED, "keep_ckpts": 0}
    )
    (run.folder / "spec.json").write_bytes(SPEC.dump_json(spec))
    shutil.copyfile(finished.folder / "status.json", run.folder / "status.json")

    def worker():
        command = [sys.executable, "-m", "vc_core.training", str(run.folder)]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})

    process = worker()
    while len(run.losses()) < 8:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert run.status().state == "interrupted"
    assert worker().wait(600) == 0
    assert run.status().state == "finished"
    broken, unbroken = losses_of(run), losses_of(finished)
    assert len(broken) == STEPS_OF_KILLED
    for step in range(1, STEPS_OF_KILLED + 1):
        assert broken[step] == pytest.approx(unbroken[step], abs=1e-5, rel=1e-5)
