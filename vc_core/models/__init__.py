"""The neural networks, as plain torch modules."""
