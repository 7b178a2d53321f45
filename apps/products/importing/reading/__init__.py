"""Files of products as rows, with the lines that they stand on. Nothing is validated here.

rows         what every reader yields: `Row`
mapping      other people's column names
csv_records  CSV as cells, whatever they mean
csv_file     CSV with the names of products
shopify      the CSV that Shopify exports
json_lines   a JSON object per line
"""

import io
from collections.abc import Mapping

from apps.products.importing.reading.csv_file import CsvFile
from apps.products.importing.reading.csv_records import CsvRecords
from apps.products.importing.reading.json_lines import JsonLinesFile
from apps.products.importing.reading.mapping import NO_MAPPING, parse_mapping
from apps.products.importing.reading.rows import COLUMNS, ProductFile, Row
from apps.products.importing.reading.shopify import ShopifyFile
from monoservices.files.lines import TextLines

__all__ = ["COLUMNS", "NO_MAPPING", "ProductFile", "Row", "parse_mapping", "read_products"]


def read_products(
    stream: io.BufferedReader, mapping: Mapping[str, str] = NO_MAPPING
) -> ProductFile:
    """The products of a file, in the format that its beginning shows; rows are read as asked for.

    mapping: the file's own column for some of our names. With one, no file is taken for Shopify's.
    Raises UnusableFile where the first line is of no use; nothing else has been read by then.
    """
    lines = TextLines(stream)
    if lines.starts_with(b"{"):
        return JsonLinesFile(lines, mapping)
    records = CsvRecords(lines)
    if not mapping and ShopifyFile.recognises(records.header):
        return ShopifyFile(records)
    return CsvFile(records, mapping)
