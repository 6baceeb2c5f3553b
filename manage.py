#!/usr/bin/env python3
"""Runs OmniRoute's commands; makes `.venv` first when the dependencies are missing."""

from __future__ import annotations

import sys

from omniroute import bootstrap

if __name__ == "__main__":
    bootstrap.ensure(sys.argv)
    from omniroute.cli import run

    sys.exit(run(sys.argv))
