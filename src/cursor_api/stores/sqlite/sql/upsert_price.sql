-- A second one of the same pattern and day is a correction.
INSERT INTO prices
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (pattern, valid_from) DO UPDATE SET
    input_nano = excluded.input_nano,
    output_nano = excluded.output_nano,
    cache_read_nano = excluded.cache_read_nano,
    cache_written_nano = excluded.cache_written_nano,
    source = excluded.source
