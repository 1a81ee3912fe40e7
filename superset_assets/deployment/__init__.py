"""The steps of a deployment, each of which can be repeated."""
