"""The three DICOMweb reads of the service (guide, "Retrieving DICOM data from HealthImaging"; PS3.18 10.4)."""

from curator.localstore.dicomweb.reads import answer

__all__ = ["answer"]
