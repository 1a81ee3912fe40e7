"""The market around the operator: competitors and what the operator knows of them."""
