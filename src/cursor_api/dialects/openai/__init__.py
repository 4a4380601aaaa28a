"""What OpenAI's client APIs have in common: errors, the list of models, inline images."""
