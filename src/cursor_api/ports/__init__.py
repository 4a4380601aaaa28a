"""What the decisions need from the outside, as small protocols owned by their consumers."""
