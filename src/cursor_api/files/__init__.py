"""Files that are read and replaced whole: atomic writes, locks, what a disk refuses."""
