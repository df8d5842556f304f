"""Effects of several studies or base models, pooled."""
