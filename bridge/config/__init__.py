"""The config file: its schema, and loading it with every mistake named at once."""
