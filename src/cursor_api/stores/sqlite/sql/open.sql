-- KiB, as it is below zero.
PRAGMA cache_size = -512;

-- A loss of power may cost the last entries, never the file; a death costs neither.
PRAGMA synchronous = NORMAL;
