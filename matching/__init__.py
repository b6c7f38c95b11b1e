"""Pictures and faces: read, find, index, search, erase. Knows nothing of persons, rights or pages."""
