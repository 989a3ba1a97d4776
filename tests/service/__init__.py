"""The service: what its API says, to whom, and what it must never tell."""
