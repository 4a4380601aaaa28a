"""What an operator must know: found, and told once when it begins and once when it is over."""
