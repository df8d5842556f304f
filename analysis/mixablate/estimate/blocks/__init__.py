"""Effects within blocks (experiments, base models, labs), and how far they carry over to another."""
