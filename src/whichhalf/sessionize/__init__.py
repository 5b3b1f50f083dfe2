"""Stage 3: sessions of a visitor and a day, and the touches in them."""
