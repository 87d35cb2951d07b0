"""Makes `python -m vc_core.cli` run `vc`."""

from vc_core.cli import main

main()
