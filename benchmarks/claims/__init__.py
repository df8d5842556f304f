"""How often each kind of claim is judged right on simulated studies whose truth is known."""
