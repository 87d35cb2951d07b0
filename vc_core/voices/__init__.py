"""The library of voices, and the models that a voice is made of."""
