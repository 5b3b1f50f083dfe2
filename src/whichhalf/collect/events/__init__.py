"""Product events, a module a format."""
