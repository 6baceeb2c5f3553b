"""Home: the first steps until they are done, then numbers, and a warning when work stands still."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from billing import keys
from billing.models import RequestLog
from health.models import Heartbeat
from omniroute.viewer import COOKIE
from providers import accounts
from tests.browser.seed import row_id
from tests.upstream import FakeUpstream


def text(client: Client) -> str:
    html = client.get("/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def log(number: int, **facts: object) -> RequestLog:
    started = timezone.now() - timedelta(seconds=number)
    row = {
        "started_at": started,
        "endpoint": "chat",
        "dialect": "openai_chat",
        "outcome": "ok",
        "status": 200,
        "duration_ms": 100,
        "config_version": 1,
        "cost_e10": 0,
    }
    return RequestLog.objects.create(id=row_id(started, number), **{**row, **facts})


def test_it_leads_through_the_first_steps(browser: Client, upstream: FakeUpstream) -> None:
    assert "0 of 4 done" in text(browser)
    form = {"name": "Lab", "prefix": "lab", "type": "openai-compatible", "secret": "sk-lab"}
    browser.post("/providers/new-endpoint/", {**form, "base_url": f"{upstream.url}/v1"})
    assert "2 of 4 done" in text(browser)  # connecting has tested it
    keys.issue("Laptop")
    assert "3 of 4 done" in text(browser)
    log(1)
    page = text(browser)
    assert "First steps" not in page
    assert "Last 7 days" in page


def test_it_does_not_take_a_failed_test_or_request_for_a_success(browser: Client) -> None:
    account = accounts.connect("deepseek", name="a", secret="sk-1")
    accounts.check(accounts.change(account, secret="sk-2"))
    log(1, outcome="error", status=502)
    assert "1 of 4 done" in text(browser)


def test_it_adds_up_the_log(browser: Client, week: None) -> None:
    RequestLog.objects.all().delete()
    log(1, input_tokens=900, cache_read_tokens=100, output_tokens=50, cost_e10=12_300_000_000)
    log(2, duration_ms=300, cost_e10=None)
    log(3, duration_ms=900, outcome="error", status=502)
    log(4, outcome="refused", status=401)
    page = text(browser).partition("Last 7 days")[2]
    for part in ("Requests 4 1 refused", "1.05K 1K in, 50 out", "$1.23 and 1 unpriced request"):
        assert part in page
    assert "Errors 1 25 % of all requests Median latency 100 ms" in page


def test_it_counts_today_from_the_viewers_midnight(browser: Client, week: None) -> None:
    RequestLog.objects.all().delete()
    log(1)
    ahead = {zone: timezone.now() for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")}
    assert len(ahead) == 2
    for zone in ahead:
        browser.cookies[COOKIE] = zone
        assert "Today since midnight Requests 1" in text(browser)
    browser.cookies[COOKIE] = "../../etc/passwd"
    assert "Today since midnight Requests 1" in text(browser)


def test_it_charts_the_last_day_by_hour(browser: Client, week: None) -> None:
    html = browser.get("/").content.decode()
    value = re.search(r'data-value="([^"]+)"', html)
    assert value
    chart = json.loads(value[1].replace("&quot;", '"'))
    assert len(chart["labels"]) == 24
    since = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    expected = RequestLog.objects.filter(started_at__gte=since).count()
    assert sum(sum(dataset["data"]) for dataset in chart["datasets"]) == expected > 0


def test_it_warns_when_a_background_process_is_silent(browser: Client) -> None:
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=2))
    Heartbeat.objects.create(name="beat", at=timezone.now() - timedelta(minutes=4))
    page = text(browser)
    assert "background scheduler has been silent" in page
    assert "background worker" not in page


def test_it_says_nothing_of_processes_that_never_ran(browser: Client) -> None:
    assert "silent" not in text(browser)
