"""OpenAI's Responses: one folder, both directions."""
