"""The operator's addresses, and those that tell how the gateway is."""
