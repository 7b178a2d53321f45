"""Files over the API and on the command line: exports, uploads, and lines of text."""
