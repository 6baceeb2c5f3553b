"""`omniroute tokens create|list|revoke`: management tokens, for scripts that call /api."""

from __future__ import annotations

from omniroute import tokens
from omniroute.management.credentials import CredentialCommand
from omniroute.models import ManagementToken


class Command(CredentialCommand):
    help = "Makes, lists and revokes management tokens for /api."
    noun = "management token"
    model = ManagementToken
    verbs = tokens
