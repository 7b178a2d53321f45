"""Replay the invoices of "Online Retail" through the API of a running server.

Each stock code becomes a product with stock, each invoice an order at the prices of its rows with
its postage and other rows as charges, and each cancellation a movement with the reason `returned`.
A second run changes nothing. The key needs the scopes products:read, products:write, stock:write,
orders:write and orders:price.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from benchmarks.replay.client import Client, ReplayError
from benchmarks.replay.invoices import Books, UnusableFile, read_books
from benchmarks.replay.playing import SHOWN, Tally, play, provide_products
from benchmarks.replay.report import reconcile, result_of, table


def main(arguments: list[str]) -> int:
    """Return the exit status: 1 if anything was rejected or the books are wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="CSV, optionally .gz")
    parser.add_argument("--url", required=True, help="of the server, such as http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="an API key")
    parser.add_argument("--connections", metavar="N", type=int, default=16, help="default: 16")
    options = parser.parse_args(arguments)
    if options.connections < 1:
        parser.error("--connections must be 1 or more")
    try:
        books = read_books(options.files)
        tally = asyncio.run(replay(books, options.url, options.key, options.connections))
    except (OSError, UnusableFile, ReplayError) as error:
        print(error, file=sys.stderr)
        return 2
    for refusal in tally.refusals[:SHOWN]:
        print(refusal, file=sys.stderr)
    result = result_of(books, tally, reconcile(options.url, options.key))
    print(table(result, tally))
    print(msgspec.json.encode(result).decode())
    return 1 if tally.refusals or result.reconciled is False else 0


async def replay(books: Books, url: str, key: str, connections: int) -> Tally:
    """Create the products, then send the invoices. Raises ReplayError."""
    async with Client(url, key, connections=connections) as client:
        await provide_products(client, books.products.values())
        try:
            return await play(
                client, books.played, total=len(books.played), connections=connections
            )
        except* ReplayError as errors:
            raise ReplayError(str(errors.exceptions[0])) from errors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
