"""Stage 1: read what people have into input tables."""
