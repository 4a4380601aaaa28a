"""From a request to the answer that begins, and to its end."""
