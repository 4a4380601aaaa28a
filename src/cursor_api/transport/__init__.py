"""The HTTP client of all upstreams: connections, time-outs, faults."""
