"""The legacy wires: bytes to commands, results to bytes."""
