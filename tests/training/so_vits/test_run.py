"""A complete small so-vits run: from recordings to a conversion with the new voice, also after a kill."""

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

from vc_core.audio import join_blocks
from vc_core.conversion import ConversionOptions, load_converter
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.speech.espeak import speak
from vc_core.training.recordings.doctor import examine_recordings
from vc_core.training.recordings.gathering import gather_recordings
from vc_core.training.run.job import Run
from vc_core.training.run.spec import SPEC, Schedule
from vc_core.training.run.start import RunRequest, create_run
from vc_core.training.run.worker import train_run
from vc_core.voices.library import VoiceLibrary, find_faults

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
        write_audio(folder / f"take {at}.wav", join_blocks(spoken))
    return folder


@pytest.fixture(scope="module")
def finished(recordings, tmp_path_factory):
    """An uninterrupted run."""
    home = tmp_path_factory.mktemp("home")
    request = RunRequest(
        "Ann", "so-vits", "synthetic", settings=SMALL, pace=Schedule(log_interval=1, eval_interval=STEPS)
    )
    request = replace(request, settings=SMALL | {"steps": STEPS})
    run = create_run(home / "runs", home, request, [recordings]).run
    status = train_run(run)
    assert (status.state, status.message.split(":")[0]) == ("finished", "“Ann” is in the library")
    return run


def losses_by_step(run: Run) -> dict[int, dict[str, float]]:
    return {int(line["step"]): line for line in run.read_losses()}


def test_the_quality_check_finds_no_fault_in_the_recordings(recordings, tmp_path):
    report = examine_recordings(gather_recordings([recordings], tmp_path).recordings)
    assert report.verdict != "no-go"


def test_recordings_become_a_voice_that_converts(finished):
    losses = losses_by_step(finished)
    assert len(losses) == STEPS
    early, late = ([losses[step]["mel"] for step in steps] for steps in (range(1, 6), range(STEPS - 4, STEPS + 1)))
    assert np.mean(late) < 0.7 * np.mean(early)
    assert set(finished.list_samples()[STEPS]) == {"phrase", "song"}
    voice = VoiceLibrary(Path(finished.spec.library)).find("Ann")
    assert find_faults(voice) == []
    assert voice.card.settings["trained_steps"] == STEPS
    line = read_audio(ROOT / "examples" / "sung_line.flac")
    sung = load_converter(voice).convert(line, ConversionOptions(automatic_key="off"))
    assert (sung.frames, sung.sample_rate) == (line.frames, line.sample_rate)
    assert np.isfinite(sung.samples).all()
    assert np.abs(sung.samples).max() > 1e-3


def test_so_vits_svc_fork_reads_the_checkpoints_of_the_run(finished):
    """Its own networks and loader get the weights of the run's last checkpoint."""
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


def test_a_killed_run_resumes_with_the_same_losses(finished, tmp_path):
    run = Run(tmp_path / "killed")
    run.folder.mkdir()
    for name in ("clips", "features"):
        shutil.copytree(finished.folder / name, run.folder / name)
    pace = Schedule(log_interval=1, eval_interval=10**6, save_seconds=0.0)
    spec = replace(
        finished.spec, name="Killed", pace=pace, settings=SMALL | {"steps": STEPS_OF_KILLED, "keep_ckpts": 0}
    )
    (run.folder / "spec.json").write_bytes(SPEC.dump_json(spec))
    shutil.copyfile(finished.folder / "status.json", run.folder / "status.json")

    def worker():
        command = [sys.executable, "-m", "vc_core.training", str(run.folder)]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})

    process = worker()
    while len(run.read_losses()) < 8:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert run.read_status().state == "interrupted"
    assert worker().wait(600) == 0
    assert run.read_status().state == "finished"
    broken, unbroken = losses_by_step(run), losses_by_step(finished)
    assert len(broken) == STEPS_OF_KILLED
    for step in range(1, STEPS_OF_KILLED + 1):
        assert broken[step] == pytest.approx(unbroken[step], abs=1e-5, rel=1e-5)
