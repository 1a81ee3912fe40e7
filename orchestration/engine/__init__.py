"""The engine: PostgreSQL (ours or yours), the databases in it, and the services beside it."""
