"""Make the meta-learned start of `vc train instant --start meta` from the starter voices' recordings, on one thread.

    python -m starters.instant.train_meta RECORDINGS [FILE] [METHOD] [STEPS]

RECORDINGS is the folder that starters.instant.starter_voices filled. To be made anew after the encoders and the base
decoder. METHOD is meta (Reptile) or plain, joint training at the same cost, to compare with.
"""

import sys
from pathlib import Path

import torch

from starters.instant.starter_voices import STARTER_VOICES
from vc_core.training.instant.meta import MetaSettings
from vc_core.training.instant.starts import START_FILES, make_start


def main(recordings: Path, path: Path = START_FILES["meta"], method: str = "meta", steps: int = 1_000) -> None:
    torch.set_num_threads(1)
    folders = [recordings / voice.folder_name for voice in STARTER_VOICES]
    make_start(
        folders, path, method, MetaSettings(steps), progress=lambda share, message: print(f"{share:.0%}", message)
    )


if __name__ == "__main__":
    recordings, *others = sys.argv[1:]
    main(Path(recordings), *(kind(value) for kind, value in zip((Path, str, int), others, strict=False)))
