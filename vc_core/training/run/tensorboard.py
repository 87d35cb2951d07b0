"""Export a run's losses, scores and audio samples for TensorBoard."""

import shutil
from pathlib import Path

from vc_core.errors import UserError
from vc_core.files.reading import read_audio
from vc_core.training.run.job import Run


def write_tensorboard(run: Run) -> Path:
    """Write the folder for `tensorboard --logdir` from the run's own files, at any time."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError("TensorBoard is not here. Install it: pip install tensorboard.") from error
    folder = run.folder / "tensorboard"
    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        for line in run.read_losses():
            for name in line.keys() - {"step"}:
                writer.add_scalar(f"losses/{name}", line[name], int(line["step"]))
        for step, score in run.read_scores():
            writer.add_scalar("score", score, step)
        for step, samples in run.list_samples().items():
            for name, path in samples.items():
                sound = read_audio(path).to_mono()
                writer.add_audio(f"samples/{name}", sound.samples, step, sound.sample_rate)
    return folder
