"""Where commands are executed."""
