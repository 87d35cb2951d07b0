"""The start page: the way of a song through the tabs, and how the example sounds at each step."""
