"""What every command shows with, and how it explains itself."""
