"""Files of products as rows, with the lines on which they stand. Nothing is validated here.

rows         what every reader yields: `Row`
mapping      other people's column names
csv_records  CSV as cells, whatever they mean
csv_file     CSV with the names of products
shopify      Shopify's product CSV
json_lines   a JSON object per line
"""

import io
from collections.abc import Mapping

from apps.products.importing.reading.csv_file import CsvFile
from apps.products.importing.reading.csv_records import CsvRecords
from apps.products.importing.reading.json_lines import JsonLinesFile
from apps.products.importing.reading.mapping import NO_MAPPING, parse_mapping
from apps.products.importing.reading.rows import ProductFile, Row
from apps.products.importing.reading.shopify import ShopifyFile
from monoservices.files.lines import TextLines

__all__ = ["NO_MAPPING", "ProductFile", "Row", "parse_mapping", "read_products"]


def read_products(
    stream: io.BufferedReader, mapping: Mapping[str, str] = NO_MAPPING
) -> ProductFile:
    """The products of a file. Its first bytes tell the format; rows are read lazily.

    mapping: the file's own columns for some of our names. With a mapping, no file counts as
        Shopify's.
    Raises UnusableFile if the first line cannot be used, before reading anything else.
    """
    lines = TextLines(stream)
    if lines.starts_with(b"{"):
        return JsonLinesFile(lines, mapping)
    records = CsvRecords(lines)
    if not mapping and ShopifyFile.recognises(records.header):
        return ShopifyFile(records)
    return CsvFile(records, mapping)
