"""Who is let in, and how much they may use."""
