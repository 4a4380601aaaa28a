"""The kinds of upstreams: each folder implements `ports.UpstreamKind` and knows no other."""
