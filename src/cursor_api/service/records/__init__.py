"""Questions about what happened: sums in the viewer's own hours and days."""
