"""What a classifier gets right: plain arrays in, answers out."""
