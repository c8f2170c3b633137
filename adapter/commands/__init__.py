"""The canonical command model: what may be asked, what is answered, who asks."""
