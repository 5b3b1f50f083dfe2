"""Stage 2: who is who. Visitors, users, aliases → persons."""
