"""Policies side by side: on drawn crowds and on an event's own accounts."""
