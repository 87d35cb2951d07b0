"""Several files at once: a job that goes through them, their table, and the section that each tab has for it."""
