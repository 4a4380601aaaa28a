"""OpenAI's completions, the API before chat, over chat: a text in, what follows it out."""
