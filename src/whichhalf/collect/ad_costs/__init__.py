"""What ads cost, a module a network."""
