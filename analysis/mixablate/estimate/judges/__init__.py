"""What a fallible judge does to rates and contrasts, and how two judges agree."""
