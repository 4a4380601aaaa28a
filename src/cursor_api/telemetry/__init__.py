"""What the operator sees: logs with secrets removed."""
