"""Figures that others reported: what a print stands for, what two of them show, and what a claim on them would need."""
