"""What the operator sees: log lines with secrets removed, metrics and traces."""
