"""Questions about past requests: sums by the viewer's own hours and days."""
