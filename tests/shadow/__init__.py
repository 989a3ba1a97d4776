"""Another engine followed."""
