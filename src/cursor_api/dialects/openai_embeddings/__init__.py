"""OpenAI's embeddings: texts become vectors."""
