"""Batch processing: one task over many files, on all cores, GPUs or machines."""
