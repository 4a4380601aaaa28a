"""What is kept in an SQLite file."""
