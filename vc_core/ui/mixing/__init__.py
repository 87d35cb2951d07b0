"""The mixer of stems, and the export of its mix."""
