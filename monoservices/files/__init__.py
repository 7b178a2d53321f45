"""Files over the API and from the command line: exports, uploads, and lines of text."""
