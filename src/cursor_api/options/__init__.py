"""What a setting is: its row, the kinds of values, and how a value is shown."""
