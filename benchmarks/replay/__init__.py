"""Replay real invoices through the API of a running server.

Data: Daqing Chen, "Online Retail", UCI Machine Learning Repository, 2015, CC BY 4.0
(https://archive.ics.uci.edu/dataset/352/online+retail): the invoices of a gift wholesaler.

    invoices  reads files into invoices, returns and products
    client    sends requests, with retries
    playing   sends the invoices over several connections
    report    computes the figures and checks the books
"""
