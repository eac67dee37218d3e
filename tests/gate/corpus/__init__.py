"""Recorded previews of the real engine, what each must be judged, and how they are made anew."""
