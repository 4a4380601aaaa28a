"""`upstream`: the upstreams of the TOML file."""
