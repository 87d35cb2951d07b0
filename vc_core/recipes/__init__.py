"""Tasks from file to file, shared by page, shell and batch; `task.py` has their protocol."""
