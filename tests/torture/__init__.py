"""A disk that forgets, tears and fails by seed, and what is driven over it: power cuts, faults at every operation."""
