import json
import random
import re

from lgtm.cli.demo_logs import CHECKOUT, GATEWAY, PAYMENTS, DemoEntry, Shop

NOW_NS = 1_779_962_400 * 10**9


def requests(count: int, seed: int = 1) -> list[list[DemoEntry]]:
    shop = Shop(random.Random(seed))
    return [list(shop.request(NOW_NS + n)) for n in range(count)]


def test_a_request_has_one_trace_id_and_rising_times_that_end_now() -> None:
    for number, entries in enumerate(requests(200)):
        assert len({entry.trace_id for entry in entries}) == 1
        times = [entry.ts_ns for entry in entries]
        assert times == sorted(times)
        assert times[-1] == NOW_NS + number


def test_every_service_logs_in_its_own_format() -> None:
    entries = [entry for request in requests(300) for entry in request]
    assert {entry.service for entry in entries} == {GATEWAY, CHECKOUT, PAYMENTS}
    assert {entry.level for entry in entries} == {"info", "warn", "error"}
    for entry in entries:
        assert re.fullmatch("[0-9a-f]{32}", entry.trace_id)
        if entry.service == CHECKOUT:
            assert json.loads(entry.line)["level"] == entry.level
        elif entry.service == PAYMENTS:
            assert entry.line.startswith(f"level={entry.level} msg=")
        else:
            assert re.match(r'10\.\d+\.\d+\.\d+ - - "(GET|POST) /\S+ HTTP/1\.1" \d{3} \d+ ', entry.line)


def test_the_same_seed_makes_the_same_requests() -> None:
    assert requests(20) == requests(20) != requests(20, seed=2)
