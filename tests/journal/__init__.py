"""The journal: its bytes, its two stores, and what it says when something is wrong."""
