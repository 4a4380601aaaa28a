"""The console: one page over the management API, and its files. No build step."""
