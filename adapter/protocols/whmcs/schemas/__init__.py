"""Parameters of each action: names, types, rules, and the command they make."""
