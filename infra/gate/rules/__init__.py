"""What the gate has against changes, and against what is declared: one function and one docstring a rule."""
