"""What nodes share in Redis or Valkey."""
