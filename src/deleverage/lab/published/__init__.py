"""What others have published about an event: recomputed from rows, and held against what they print."""
