"""Between the operator and its subscribers: campaigns, contacts, warnings, calls, points."""
