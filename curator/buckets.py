"""Where an import job reads its files and writes its results: a folder that a store knows as a bucket, or S3."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from curator.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Bucket(Protocol):
    """A bucket as an import needs it; keys are relative to the bucket."""

    name: str

    def put(self, folder: Path, prefix: str) -> None:
        """Make the files of ``folder`` readable below ``prefix``."""

    def read(self, key: str) -> bytes:
        """Return an object; raises `NotFound`."""

    def clean(self, prefix: str) -> None:
        """Remove everything below ``prefix``."""


class FolderBucket:
    """A folder of this machine that the store reads as ``s3://NAME/``."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root

    def put(self, folder: Path, prefix: str) -> None:
        """Move the staged folder into its place in the bucket."""
        target = self.root / prefix
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.rename(target)

    def read(self, key: str) -> bytes:
        """Return a file of the bucket."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            raise NotFound("the import job wrote no such result") from None

    def clean(self, prefix: str) -> None:
        """Remove a folder of the bucket."""
        import shutil

        shutil.rmtree(self.root / prefix, ignore_errors=True)


class S3Bucket:
    """A bucket in S3. Keys are ordinals, because file names hold patients' names and stay in access logs."""

    def __init__(self, name: str, client: S3Client) -> None:
        self.name = name
        self.client = client

    def put(self, folder: Path, prefix: str) -> None:
        """Upload the staged files, several at a time; each in parts where it is large (s3transfer)."""
        from concurrent.futures import ThreadPoolExecutor

        from boto3.exceptions import S3UploadFailedError

        def upload(file: Path) -> None:
            try:
                self.client.upload_file(str(file.resolve()), self.name, f"{prefix}/{file.name}")
            except S3UploadFailedError as error:
                raise (error.__context__ or error) from None  # what S3 answered, without the file's name

        with self._explained("PutObject"), ThreadPoolExecutor(4) as pool:
            list(pool.map(upload, sorted(folder.iterdir())))

    def _explained(self, operation: str) -> AbstractContextManager[None]:
        from curator.healthimaging.failures import explained

        return explained(operation, f"the bucket {self.name}", service="s3")

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        with self._explained("GetObject"):
            try:
                return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
            except self.client.exceptions.NoSuchKey:
                raise NotFound("the import job wrote no such result") from None

    def clean(self, prefix: str) -> None:
        """Delete every object below the prefix, a thousand a call."""
        with self._explained("DeleteObject"):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=f"{prefix}/"
            )
            for page in pages:
                keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
                if keys:
                    self.client.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})  # type: ignore[typeddict-item]
