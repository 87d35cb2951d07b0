"""RVC networks for inference: shapes, transformer, and the whole."""
