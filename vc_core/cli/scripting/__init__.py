"""What the shell and other programs get: result files, results as JSON, and completion."""
