"""Any endpoint that speaks Anthropic's messages."""
