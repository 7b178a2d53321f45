"""Importing products from files.

reading   files as rows
plan      what rows change, decided before anything is written
importer  import_products: validates rows, writes them in chunks
report    the response to an import over the API
views     the route
"""
