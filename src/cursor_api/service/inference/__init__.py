"""From a request to the beginning of its answer, and to the end of it."""
