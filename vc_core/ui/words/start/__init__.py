"""The words of the tab “Start”."""
