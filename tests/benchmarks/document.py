"""Opening a document: gzip to a navigable tree, beside the standard library's way."""

from __future__ import annotations

import gc
import gzip
import json

from curator.imageset import ImageSetMetadata
from tests.benchmarks import Row, seconds
from tests.benchmarks.documents import big_document


def run() -> list[Row]:
    blob = gzip.compress(big_document(megabytes=50), 6)
    ours = seconds(lambda: ImageSetMetadata.parse(blob), repeat=5)
    gc.collect()
    peer = seconds(lambda: json.loads(gzip.decompress(blob)), repeat=3)
    return [
        Row(
            "open 50 MB of metadata, gzipped",
            ours * 1e3,
            peer * 1e3,
            "ms",
            "gzip.decompress + json.loads",
            "≤ 0.2 ×",
            ours <= 0.2 * peer,
        )
    ]
