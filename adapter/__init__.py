"""The gateway that lets legacy billing integrations live on."""
