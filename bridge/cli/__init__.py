"""The commands. Owns click. Results go to stdout, logs and errors to stderr."""
