"""Shapes of positions, a short file for each: recognised by their keys, read into holdings, judged elsewhere."""
