"""Values every layer shares. Standard library only; nothing here does I/O or holds state."""
