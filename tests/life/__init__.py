"""Random lives of a domain: what drives rulebook and model into the corners of the law."""
