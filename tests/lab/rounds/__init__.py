"""A small venue over many rounds."""
