"""A model that behaves sensibly and always the same, for every simulator; it knows no vendor."""
