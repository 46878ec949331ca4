"""CSV in the compiled core: structure of bytes, exact machine, rows of objects."""
