"""The compiled core: bytes, ints and typed buffers. Opens no file, starts no thread."""
