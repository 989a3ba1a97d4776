"""Regret as published, split into its parts, and held against what is printed."""
