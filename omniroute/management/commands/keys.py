"""`omniroute keys create|list|revoke`: the API keys of callers of /v1."""

from __future__ import annotations

from billing import keys
from billing.models import ApiKey
from omniroute.management.credentials import CredentialCommand


class Command(CredentialCommand):
    help = "Makes, lists and revokes API keys for /v1."
    noun = "API key"
    model = ApiKey
    verbs = keys
