"""What is wrong with captures: found in one pass, told as tables or as a page."""
