"""`serve`, `check-config`, `demo` and `simulate`."""
