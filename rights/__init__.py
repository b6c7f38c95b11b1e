"""What is owed, by when, and what was decided. Knows nothing of faces or of pages."""
