"""Where things are kept; each module implements a port."""
