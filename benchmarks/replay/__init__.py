"""Real invoices, played through the API of a running server.

The data: Daqing Chen, "Online Retail", UCI Machine Learning Repository, 2015, CC BY 4.0
(https://archive.ics.uci.edu/dataset/352/online+retail): invoices of a wholesaler of gifts.

    invoices  from files to invoices, returns and products
    client    requests that are sent again where that is safe
    playing   the invoices, over several connections
    report    figures, and the verdict on the books
"""
