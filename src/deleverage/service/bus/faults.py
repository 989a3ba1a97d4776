"""Why there is no bus."""


class BusFault(Exception):
    """A sentence for whoever runs the process."""
