"""The compiled core: bytes, ints and typed buffers. No file, no thread."""
