"""Image frames: out of the file, into the store's lossless HTJ2K or kept as received, and out again for DICOMweb."""
