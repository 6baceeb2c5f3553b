"""Logging of every process: readable lines on stderr, JSON lines in DATA_DIR/logs.

Events carry ids and numbers only: a field that is not in `FIELDS` is dropped, and what looks like a
credential is blanked in the finished line. A thread writes, so that no event loop waits for a disk.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import re
import sys
from logging.handlers import QueueHandler, QueueListener, WatchedFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

from omniroute import environment

_NAMES = """
    event level logger timestamp exception
    exchange request_id key_id connection_id node_id provider model combo endpoint dialect target
    attempt attempts status code kind reason error outcome scope until retry_after
    segment segments lines duration_ms ttft_ms seconds count rows bytes version digest
    method path file host port address process pid signal task table name
"""
FIELDS = frozenset(_NAMES.split())
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
OURS = ("omniroute", "providers", "combos", "billing", "health")
MAX_FIELD = 500
MAX_TRACEBACK = 8000
MAX_FILE = 10 * 1024 * 1024
KEPT_FILES = 5
_SECRET = re.compile(
    r"""
    \b(?:sk|gsk|pplx|xai|nvapi|csk|fw|hf|ghp|gho|ghu|r8)[-_][\w-]{12,}   # providers' API keys
    | \bomni_(?:adm|setup)_\w+
    | \bAIza[\w-]{20,}
    | \beyJ[\w-]+\.[\w-]+\.[\w-]*                                         # JSON web tokens
    | \benc:v1:[\w:-]+
    | (?<=://)[^/\s:@"]*:[^/\s@"]+(?=@)                                   # user:password@host
    | (?i:(?<=bearer\ )[^\s"'\\,]+)
    | (?i:(?<![\w-])((?:[\w-]*[_-])?(?:api|access|refresh)?
          (?:key|token|secret|password|authorization)\\?["']?\s*[=:]\s*\\?["']?)
          (?:bearer\s+)?(?!bearer)[^\s"'\\,&;)}\]]+)                       # name=value
    """,
    re.VERBOSE,
)
_READABLE = structlog.dev.ConsoleRenderer(
    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
)
_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True)
_process = ""
_listener: QueueListener | None = None


def configure(process: str) -> None:
    """Sets up logging for the process of this name ("server", "worker", "command"), once.

    A "command" writes no file and is silent below warnings. Raises ValueError for a bad LOG_LEVEL.
    """
    global _listener, _process
    if process == _process:
        return
    name = environment.text("LOG_LEVEL").lower()
    if name not in LEVELS:
        raise ValueError(f"LOG_LEVEL must be debug, info, warning or error, not {name!r}")
    level = max(LEVELS[name], logging.WARNING if process == "command" else 0)
    handlers: list[logging.Handler] = [_console()]
    if process != "command" and environment.flag("APP_LOG_TO_FILE"):
        handlers.append(_file(process))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _STAMP,
            structlog.processors.format_exc_info,
            only_known_fields,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    flush()
    _process = process
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    _listener = QueueListener(queue, *handlers, respect_handler_level=True)
    _listener.start()
    _set_levels(level)
    logging.getLogger().handlers = [_Queued(queue)]


def flush() -> None:
    """Writes what waits. Logging is off until the next `configure`."""
    global _listener, _process
    if _listener is not None:
        _listener.stop()
    _listener, _process = None, ""


def only_known_fields(_: Any, __: str, event: EventDict) -> EventDict:
    """Drops what is not in `FIELDS` and names it, cuts what is long, keeps only plain values."""
    dropped = sorted(set(event) - FIELDS)
    kept: EventDict = {
        name: str(value)[-MAX_TRACEBACK:] if name == "exception" else _plain(value)
        for name, value in event.items()
        if name in FIELDS
    }
    if dropped:
        kept["dropped"] = dropped
    return kept


def redact(text: str) -> str:
    return _SECRET.sub(lambda found: (found.group(1) or "") + "[redacted]", text)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:MAX_FIELD]


def _set_levels(level: int) -> None:
    """Libraries speak from warnings on; their debug output may hold headers and bodies."""
    logging.getLogger().setLevel(max(level, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # no line for each 404


def _console() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(_READABLE))
    return handler


def _file(process: str) -> logging.Handler:
    folder = Path(environment.text("DATA_DIR")).expanduser() / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatedFile(folder / f"{process}.log")
    handler.setFormatter(_Line(structlog.processors.JSONRenderer()))
    return handler


class RotatedFile(WatchedFileHandler):
    """A log file of bounded size that several processes may write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self._is_full():
            self._rotate()

    def _is_full(self) -> bool:
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size >= MAX_FILE

    def _rotate(self) -> None:
        path = Path(self.baseFilename)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.reopenIfNeeded()  # another process may have been first
            if not self._is_full():
                return
            for number in range(KEPT_FILES - 1, 0, -1):
                older = path.with_suffix(f".{number}.log")
                if older.exists():
                    older.rename(path.with_suffix(f".{number + 1}.log"))
            path.rename(path.with_suffix(".1.log"))
            self.reopenIfNeeded()


class _Queued(QueueHandler):
    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # the writing thread formats


class _Line(ProcessorFormatter):
    """One log line, of our own events and of what libraries log."""

    def __init__(self, renderer: Processor) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                _STAMP,
                structlog.processors.format_exc_info,
            ],
            processors=[ProcessorFormatter.remove_processors_meta, renderer],
        )

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _go_on_in_fork() -> None:
    """A forked process (a worker of granian) has no writing thread; it gets its own."""
    global _listener, _process
    process, _listener, _process = _process, None, ""
    if process:
        configure(process)


atexit.register(flush)
os.register_at_fork(after_in_child=_go_on_in_fork)
