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

    from billing import keys
    from combos.models import Combo, Step
    from health.models import Heartbeat
    from omniroute import tokens
    from providers import accounts, nodes
    from providers.models import ConnectionCheck

    now = timezone.now()
    main = accounts.connect("deepseek", name="Main account", secret="sk-demo-canary-1")
    spare = accounts.connect(
        "deepseek", name="Spare account", secret="sk-demo-canary-2", priority=2
    )
    groq = accounts.connect("groq", name="Team", secret="sk-demo-canary-3")
    nodes.add(
        "vllm", name="Office vLLM", type="openai-compatible", base_url="https://vllm.example/v1"
    )
    own = accounts.connect("vllm", name="Main account", secret="")
    accounts.change(accounts.connect("mistral", name="Old", secret="sk-demo-4"), is_active=False)
    checks = {
        main: ("active", "", 200, 412),
        spare: ("active", "", 200, 388),
        groq: (
            "error",
            "The provider refuses this API key. Check it, or make a new one at the provider.",
            401,
            120,
        ),
    }
    for account, (status, error, code, latency) in checks.items():
        ConnectionCheck.objects.create(
            connection=account,
            status=status,
            error=error,
            status_code=code,
            latency_ms=latency,
            tested_at=now - timedelta(minutes=7),
        )
    issued = [
        keys.issue("Laptop")[0],
        keys.issue("Build server", allowed_models=["ds/*"], ip_allowlist=["10.0.0.0/8"])[0],
        keys.issue("Trial", expires_at=now + timedelta(days=20))[0],
    ]
    keys.revoke(keys.issue("Old notebook")[0])
    tokens.issue("Terraform")
    coding = Combo.objects.create(name="coding")
    for position, model in enumerate(
        ("ds/deepseek-reasoner", "groq/llama-3.3-70b-versatile", "vllm/qwen3-coder"), 1
    ):
        Step.objects.create(combo=coding, position=position, model=model)
    Combo.objects.create(name="night-batch", is_active=False).steps.create(
        position=1, model="ds/deepseek-chat"
    )
    Heartbeat.objects.create(name="worker", at=now - timedelta(minutes=9))
    Heartbeat.objects.create(name="beat", at=now - timedelta(seconds=20))
    ids = {"deepseek": main.pk, "groq": groq.pk, "vllm": own.pk, "spare": spare.pk}
    write_log(now, issued[:2], ids, requests)


def write_log(now: Any, keys: list[Any], ids: dict[str, Any], count: int) -> None:
    from billing.models import RequestLog

    dice = random.Random(7)
    rows = []
    for number in range(count):
        back = dice.random() ** 2.2 * 7 * 24 * 60
        started = now - timedelta(minutes=back)
        provider, alias, model, rate = dice.choice(MODELS)
        luck = dice.random()
        outcome, status = ("ok", 200)
        if luck > 0.97:
            outcome, status = "refused", 401
        elif luck > 0.93:
            outcome, status = "error", 502
        elif luck > 0.91:
            outcome, status = "cancelled", 499
        served = outcome != "refused"
        tokens_in, tokens_out = dice.randrange(200, 24_000), dice.randrange(5, 1800)
        used = {"input": tokens_in, "cache_read": tokens_in // 3, "output": tokens_out}
        cost = None if rate is None else (tokens_in + tokens_out) * rate // 1000
        calls = (
            [
                attempt(
                    1,
                    provider,
                    model,
                    ids[provider],
                    usage={**used, "basis": "reported"},
                    cost_e10=cost,
                    status=None if outcome == "error" else 200,
                    failure="first_byte_timeout" if outcome == "error" else None,
                )
            ]
            if served
            else []
        )
        rows.append(
            RequestLog(
                id=row_id(started, number),
                started_at=started,
                key_id=dice.choice(keys).pk if served else None,
                endpoint="chat",
                dialect="openai_chat",
                client=dice.choice(("OpenAI", "claude-cli", "curl")),
                requested_model=f"{alias}/{model}",
                provider=provider if served else "",
                model=model if served else "",
                connection_id=ids[provider] if served else None,
                stream=dice.random() > 0.4,
                outcome=outcome,
                status=status,
                error_code={
                    "refused": "invalid_api_key",
                    "error": "upstream_first_byte_timeout",
                }.get(outcome, ""),
                basis="reported" if served else "none",
                cost_e10=cost if served else 0,
                duration_ms=dice.randrange(300, 9000),
                ttft_ms=dice.randrange(120, 900) if served else None,
                config_version=41,
                attempts=calls,
                input_tokens=tokens_in if served else 0,
                cache_read_tokens=tokens_in // 3 if served else 0,
                output_tokens=tokens_out if served else 0,
            )
        )
    rows.append(fallback(now, keys[0], ids))
    RequestLog.objects.bulk_create(rows)


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
        attempts=[
            attempt(
                1,
                "deepseek",
                "deepseek-reasoner",
                ids["deepseek"],
                status=429,
                failure="rate_limit",
                duration_ms=310,
                first_byte_ms=305,
            ),
            attempt(
                2,
                "deepseek",
                "deepseek-reasoner",
                ids["spare"],
                status=None,
                failure="first_byte_timeout",
                duration_ms=2000,
                first_byte_ms=None,
            ),
            attempt(
                3,
                "groq",
                "llama-3.3-70b-versatile",
                ids["groq"],
                cost_e10=24_700_000,
                duration_ms=1900,
                usage={"input": 9120, "output": 640, "basis": "reported"},
            ),
        ],
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


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")
    django.setup()
    fill()
