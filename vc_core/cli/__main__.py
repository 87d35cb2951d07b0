"""`python -m vc_core.cli` is `vc`."""

from vc_core.cli import main

main()
