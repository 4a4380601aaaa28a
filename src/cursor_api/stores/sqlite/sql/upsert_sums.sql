-- What new rows add to their hours.
INSERT INTO usage_hourly
VALUES
    -- repeated for each row
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    -- to here
ON CONFLICT (hour, model, credential, caller) DO UPDATE SET
    answered_count = answered_count + excluded.answered_count,
    failed_count = failed_count + excluded.failed_count,
    refused_count = refused_count + excluded.refused_count,
    cancelled_count = cancelled_count + excluded.cancelled_count,
    input_count = input_count + excluded.input_count,
    output_count = output_count + excluded.output_count,
    cached_count = cached_count + excluded.cached_count,
    reasoning_count = reasoning_count + excluded.reasoning_count,
    input_estimated_count = input_estimated_count + excluded.input_estimated_count,
    output_estimated_count = output_estimated_count + excluded.output_estimated_count,
    cost_nano = cost_nano + excluded.cost_nano,
    unpriced_count = unpriced_count + excluded.unpriced_count,
    first_count = first_count + excluded.first_count,
    first_ms_sum = first_ms_sum + excluded.first_ms_sum,
    total_ms_sum = total_ms_sum + excluded.total_ms_sum
