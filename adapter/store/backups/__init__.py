"""Copies of a store, bringing one back, and going on behind what the world has seen."""
