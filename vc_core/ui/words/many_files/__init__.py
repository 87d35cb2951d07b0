"""The words of the section “Several files”."""
