"""What an operator must know: reported once when it begins and once when it is over."""
