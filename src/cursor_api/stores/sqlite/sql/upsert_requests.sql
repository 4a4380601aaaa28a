-- A row without a number gets the next one; a row with one replaces what is there.
INSERT INTO requests (
    number,
    id,
    started_at,
    caller,
    model,
    is_stream,
    status,
    credential_alias,
    credential_masked,
    checksum_masked,
    error,
    error_kind,
    input_count,
    output_count,
    usage_source,
    first_delta_ms,
    duration_ms,
    attempts
)
VALUES
    -- repeated for each row
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    -- to here
ON CONFLICT (number) DO UPDATE SET
    id = excluded.id,
    started_at = excluded.started_at,
    caller = excluded.caller,
    model = excluded.model,
    is_stream = excluded.is_stream,
    status = excluded.status,
    credential_alias = excluded.credential_alias,
    credential_masked = excluded.credential_masked,
    checksum_masked = excluded.checksum_masked,
    error = excluded.error,
    error_kind = excluded.error_kind,
    input_count = excluded.input_count,
    output_count = excluded.output_count,
    usage_source = excluded.usage_source,
    first_delta_ms = excluded.first_delta_ms,
    duration_ms = excluded.duration_ms,
    attempts = excluded.attempts
