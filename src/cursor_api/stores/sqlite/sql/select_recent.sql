-- The last rows, newest first. A binding is still called a checksum in the file.
SELECT
    number,
    id,
    started_at,
    caller,
    model,
    is_stream,
    status,
    credential_alias,
    credential_masked,
    checksum_masked AS binding_masked,
    error,
    error_kind,
    input_count,
    output_count,
    usage_source,
    first_delta_ms,
    duration_ms,
    attempts
FROM requests
ORDER BY number DESC
LIMIT ?
