#!/usr/bin/env python3
"""Runs OmniRoute's commands; makes `.venv` first when the dependencies are missing."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
