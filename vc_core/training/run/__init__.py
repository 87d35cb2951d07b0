"""A training run: its folder, its worker process, its checkpoints."""
