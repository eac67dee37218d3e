"""What the workflows call beside the gate: where to sign in, what to tell, and environments that live shortly."""
