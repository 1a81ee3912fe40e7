"""telmart: an open data warehouse with BI for telecom operators."""
