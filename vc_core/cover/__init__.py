"""A cover: the stages from a song to the same song in another voice."""
