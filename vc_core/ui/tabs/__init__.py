"""Tabs of the suite."""
