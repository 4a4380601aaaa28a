"""`init`: the first steps."""
