"""Settings of a tab as values: put back from a take, chosen by a preset's name, remembered by the browser."""
