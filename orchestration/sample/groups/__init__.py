"""Group customers: who they are, what they use, pay and owe, and the people in them."""
