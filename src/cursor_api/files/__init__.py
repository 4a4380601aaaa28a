"""Files that are read and replaced as a whole: atomic writes, locks, what a disk refuses."""
