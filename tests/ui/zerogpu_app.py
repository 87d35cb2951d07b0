"""Run the app as ZeroGPU does, on a machine without a GPU: the package's own forking, pickling and patching of torch.

Only what needs a device is replaced: the start of CUDA and the move of tensors to it. The scheduler that the
package talks to is a server of the test.
"""

from dataclasses import replace

import torch


def no() -> bool:
    return False


if torch.version.cuda is None:  # a CPU build lacks what the package looks for before it replaces it
    torch.version.cuda, torch._C._cuda_init, torch.cuda._is_in_bad_fork = "12.8", no, no

import spaces.zero.torch as zero_torch  # noqa: E402

zero_torch.init = lambda nvidia_uuid: None
zero_torch.move = lambda callback=None: None

from vc_core.separation import SEPARATORS  # noqa: E402
from vc_core.ui.suite import build_suite, serve  # noqa: E402

# The preview engine needs no GPU; here it takes the way of one that does.
SEPARATORS["repet"] = replace(SEPARATORS["repet"], gpu_speed=20.0)

if __name__ == "__main__":
    serve(build_suite())
