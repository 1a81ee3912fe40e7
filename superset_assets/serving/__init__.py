"""What runs inside the Superset server: the person's connection, language, landing page, brand."""
