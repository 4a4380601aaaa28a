"""The operator's addresses, and those that say how the gateway is doing."""
