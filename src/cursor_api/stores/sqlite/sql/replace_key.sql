-- In the place of the version before, and of no other one.
UPDATE api_keys
SET (
    id, digest, previous_digest, previous_until, hint, name, owner, note, role, models,
    requests_per_minute, tokens_per_minute, requests_per_day, tokens_per_day, concurrent_max,
    budget_amount, budget_unit, budget_period, output_reserve_count, zone, created_at, expires_at,
    revoked_at, version
) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
WHERE id = ? AND version = ?
