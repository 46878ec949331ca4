"""CSV in the compiled core: structure, rows and fields, typed columns."""
