"""Fills an installation with a believable week, for pages that are looked at.

Run as `python -m tests.browser.seed` with DATA_DIR set.
"""

from __future__ import annotations

import os
import random
import uuid
from datetime import timedelta
from typing import Any

import django

MODELS = (
    ("deepseek", "ds", "deepseek-chat", 1_400_000),
    ("deepseek", "ds", "deepseek-reasoner", 3_900_000),
    ("groq", "groq", "llama-3.3-70b-versatile", 2_700_000),
    ("vllm", "vllm", "qwen3-coder", None),
)


def row_id(moment: Any, number: int) -> uuid.UUID:
    """A UUIDv7 of that moment."""
    stamp = int(moment.timestamp() * 1000)
    return uuid.UUID(int=stamp << 80 | 0x7 << 76 | 0b10 << 62 | number)


def attempt(number: int, provider: str, model: str, account: Any, **facts: Any) -> dict[str, Any]:
    usage = {
        "input": 0,
        "cache_read": 0,
        "cache_write_5m": 0,
        "cache_write_1h": 0,
        "output": 0,
        "reasoning": 0,
        "basis": "none",
        "suspect": False,
    }
    return {
        "number": number,
        "provider": provider,
        "model": model,
        "connection": str(account),
        "status": 200,
        "failure": None,
        "first_byte_ms": 340,
        "duration_ms": 1200,
        "price_id": None,
        "cost_e10": 0,
        **facts,
        "usage": {**usage, **facts.get("usage", {})},
    }


def fill(requests: int = 420) -> None:
    from django.utils import timezone

    now = timezone.now()
    ids = connect_accounts(now)
    write_log(now, issue_keys(now), ids, requests)
    make_combos()
    beat(now)


def connect_accounts(now: Any) -> dict[str, Any]:
    """The ids of the accounts, by provider."""
    from providers import accounts, nodes
    from providers.models import ConnectionCheck

    main = accounts.connect("deepseek", name="Main account", secret="sk-demo-canary-1")
    spare = accounts.connect(
        "deepseek", name="Spare account", secret="sk-demo-canary-2", priority=2
    )
    groq = accounts.connect("groq", name="Team", secret="sk-demo-canary-3")
    address = "https://vllm.example/v1"
    nodes.add("vllm", name="Office vLLM", type="openai-compatible", base_url=address)
    own = accounts.connect("vllm", name="Main account", secret="")
    accounts.change(accounts.connect("mistral", name="Old", secret="sk-demo-4"), is_active=False)
    refused = "The provider refuses this API key. Check it, or make a new one at the provider."
    for account, status, error, code, latency in (
        (main, "active", "", 200, 412),
        (spare, "active", "", 200, 388),
        (groq, "error", refused, 401, 120),
    ):
        ConnectionCheck.objects.create(
            connection=account,
            status=status,
            error=error,
            status_code=code,
            latency_ms=latency,
            tested_at=now - timedelta(minutes=7),
        )
    return {"deepseek": main.pk, "groq": groq.pk, "vllm": own.pk, "spare": spare.pk}


def issue_keys(now: Any) -> list[Any]:
    """Several, of which two are in use."""
    from billing import keys
    from omniroute import tokens

    used = [
        keys.issue("Laptop")[0],
        keys.issue("Build server", allowed_models=["ds/*"], ip_allowlist=["10.0.0.0/8"])[0],
    ]
    keys.issue("Trial", expires_at=now + timedelta(days=20))
    keys.revoke(keys.issue("Old notebook")[0])
    tokens.issue("Terraform")
    return used


def make_combos() -> None:
    from combos.models import Combo, Step

    coding = Combo.objects.create(name="coding")
    for position, model in enumerate(
        ("ds/deepseek-reasoner", "groq/llama-3.3-70b-versatile", "vllm/qwen3-coder"), 1
    ):
        Step.objects.create(combo=coding, position=position, model=model)
    Combo.objects.create(name="night-batch", is_active=False).steps.create(
        position=1, model="ds/deepseek-chat"
    )


def beat(now: Any) -> None:
    from health.models import Heartbeat

    Heartbeat.objects.create(name="worker", at=now - timedelta(minutes=9))
    Heartbeat.objects.create(name="beat", at=now - timedelta(seconds=20))


def write_log(now: Any, keys: list[Any], ids: dict[str, Any], count: int) -> None:
    from billing.models import RequestLog

    dice = random.Random(7)
    rows = [one_request(dice, number, now, keys, ids) for number in range(count)]
    RequestLog.objects.bulk_create([*rows, fallback(now, keys[0], ids)])


def one_request(
    dice: random.Random, number: int, now: Any, keys: list[Any], ids: dict[str, Any]
) -> Any:
    from billing.models import RequestLog

    started = now - timedelta(minutes=dice.random() ** 2.2 * 7 * 24 * 60)
    provider, alias, model, rate = dice.choice(MODELS)
    outcome, status, error = fate(dice.random())
    row = RequestLog(
        id=row_id(started, number),
        started_at=started,
        endpoint="chat",
        dialect="openai_chat",
        client=dice.choice(("OpenAI", "claude-cli", "curl")),
        requested_model=f"{alias}/{model}",
        stream=dice.random() > 0.4,
        outcome=outcome,
        status=status,
        error_code=error,
        duration_ms=dice.randrange(300, 9000),
        config_version=41,
        cost_e10=0,
    )
    if outcome != "refused":
        row.key_id = dice.choice(keys).pk
        row.provider, row.model, row.connection_id = provider, model, ids[provider]
        row.ttft_ms, row.basis = dice.randrange(120, 900), "reported"
        row.input_tokens, row.output_tokens = dice.randrange(200, 24_000), dice.randrange(5, 1800)
        row.cache_read_tokens = row.input_tokens // 3
        if rate is None:
            row.cost_e10 = None
        else:
            row.cost_e10 = (row.input_tokens + row.output_tokens) * rate // 1000
        row.attempts = [only_attempt(row)]
    return row


def fate(luck: float) -> tuple[str, int, str]:
    if luck > 0.97:
        return "refused", 401, "invalid_api_key"
    if luck > 0.93:
        return "error", 502, "upstream_first_byte_timeout"
    if luck > 0.91:
        return "cancelled", 499, ""
    return "ok", 200, ""


def only_attempt(row: Any) -> dict[str, Any]:
    used = {
        "input": row.input_tokens,
        "cache_read": row.cache_read_tokens,
        "output": row.output_tokens,
        "basis": "reported",
    }
    failed = row.outcome == "error"
    return attempt(
        1,
        row.provider,
        row.model,
        row.connection_id,
        usage=used,
        cost_e10=row.cost_e10,
        duration_ms=row.duration_ms - 40,
        status=None if failed else 200,
        failure="first_byte_timeout" if failed else None,
    )


def fallback(now: Any, key: Any, ids: dict[str, Any]) -> Any:
    """A request that two accounts refused before a third answered."""
    from billing.models import RequestLog

    tried = {"model": "ds/deepseek-reasoner", "account": str(ids["deepseek"])}
    return RequestLog(
        id=row_id(now - timedelta(seconds=5), 999),
        started_at=now - timedelta(seconds=5),
        key_id=key.pk,
        endpoint="messages",
        dialect="anthropic",
        client="claude-cli",
        requested_model="coding",
        provider="groq",
        model="llama-3.3-70b-versatile",
        connection_id=ids["groq"],
        stream=True,
        outcome="ok",
        status=200,
        basis="reported",
        cost_e10=24_700_000,
        duration_ms=4210,
        ttft_ms=2890,
        config_version=42,
        input_tokens=9120,
        output_tokens=640,
        reasoning_tokens=210,
        attempts=three_attempts(ids),
        decision=[
            {"resolved": "coding", "via": "combo"},
            {"model": "vllm/qwen3-coder", "excluded": "not_allowed"},
            {**tried, "tried": "rate_limit", "status": 429, "ms": 310},
            {
                "model": "ds/deepseek-reasoner",
                "account": str(ids["spare"]),
                "tried": "first_byte_timeout",
                "status": None,
                "ms": 2000,
            },
        ],
    )


def three_attempts(ids: dict[str, Any]) -> list[dict[str, Any]]:
    limited = {"status": 429, "failure": "rate_limit", "duration_ms": 310, "first_byte_ms": 305}
    silent = {"status": None, "failure": "first_byte_timeout", "first_byte_ms": None}
    used = {"input": 9120, "output": 640, "reasoning": 210, "basis": "reported"}
    return [
        attempt(1, "deepseek", "deepseek-reasoner", ids["deepseek"], **limited),
        attempt(2, "deepseek", "deepseek-reasoner", ids["spare"], **silent, duration_ms=2000),
        attempt(
            3,
            "groq",
            "llama-3.3-70b-versatile",
            ids["groq"],
            cost_e10=24_700_000,
            duration_ms=1900,
            usage=used,
        ),
    ]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")
    django.setup()
    fill()
