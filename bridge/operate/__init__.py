"""What an operator's tools ask the running daemon: is it well, what are its figures, what waits."""
