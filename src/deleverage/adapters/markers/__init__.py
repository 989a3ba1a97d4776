"""How venues tell what they have done to a position without its owner's order: each brought to one record."""
