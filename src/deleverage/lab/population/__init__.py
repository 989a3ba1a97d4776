"""Who could be asked in each wave of an event: those the event knows, or a drawn crowd that says it is drawn."""
