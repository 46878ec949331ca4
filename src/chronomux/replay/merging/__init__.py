"""Files merged into one file: order found over columns of times, bytes copied."""
