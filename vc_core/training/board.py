"""A run as TensorBoard shows it: its losses, its scores and what it sang, written anew from the run's own files."""

import shutil
from pathlib import Path

from vc_core.errors import UserError
from vc_core.reading import read_audio
from vc_core.training.job import Run


def write_board(run: Run) -> Path:
    """The folder for `tensorboard --logdir`. The worker writes none of it, so it can be asked for at any time."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError("TensorBoard is not here. Install it: pip install tensorboard.") from error
    folder = run.folder / "tensorboard"
    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        for line in run.losses():
            for name in line.keys() - {"step"}:
                writer.add_scalar(f"losses/{name}", line[name], int(line["step"]))
        for step, score in run.scores():
            writer.add_scalar("score", score, step)
        for step, heard in run.samples().items():
            for name, path in heard.items():
                sound = read_audio(path).mono()
                writer.add_audio(f"samples/{name}", sound.samples, step, sound.sample_rate)
    return folder
