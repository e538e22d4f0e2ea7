"""DICOM Part 10 files: read into the pieces of a metadata document, and written back from them."""
