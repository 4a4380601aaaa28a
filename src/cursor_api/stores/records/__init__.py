"""What is known of requests that ended, whatever database keeps it."""
