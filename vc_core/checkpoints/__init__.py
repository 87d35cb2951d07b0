"""Model checkpoints: download from the Hugging Face Hub, read untrusted files safely, load into networks."""
