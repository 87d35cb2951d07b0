"""Audio files: decoding, encoding, links, downloads, and the provenance of generated files."""
