"""A stand-in for OpenAI's API and the many servers that speak as it does."""
