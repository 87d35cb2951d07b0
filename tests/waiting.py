"""Wait for what another process or thread does."""

import time


def wait_for(condition, seconds=60.0):
    """The first true answer of `condition`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
