"""Import jobs: files of a bucket become image sets, and a job's results stand beside them (guide, "Understanding import jobs")."""

from curator.localstore.imports.jobs import StartRequest, job, list_jobs, start
from curator.localstore.imports.rows import JobRow, JobStatus
from curator.localstore.imports.runner import JobRunner, Progress

__all__ = ["JobRow", "JobRunner", "JobStatus", "Progress", "StartRequest", "job", "list_jobs", "start"]
