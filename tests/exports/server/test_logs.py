"""The log cannot be forged by what clients send, nor filled."""

import io
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx

from gantk_exports.server import logs
from gantk_exports.server.logs import Few, Safe


def logged(filters: list[logging.Filter]) -> tuple[logging.Logger, io.StringIO]:
    """Return a logger, and what it writes."""
    written = io.StringIO()
    handler, logger = logging.StreamHandler(written), logging.Logger("tried")
    handler.setFormatter(Safe(logging.Formatter("%(levelname)s %(message)s")))
    handler.filters = filters
    logger.addHandler(handler)
    return logger, written


def test_a_record_is_one_line_but_for_a_traceback_that_is_set_in() -> None:
    logger, written = logged([])
    logger.error("%s", "a\x1b[31m\nERROR b\x9b")
    try:
        raise ValueError("a\nERROR c\x1b")
    except ValueError:
        logger.exception("failed")
    first, *rest = written.getvalue().splitlines()
    assert first == r"ERROR a\x1b[31m\nERROR b\x9b"
    assert rest[0] == "ERROR failed"
    assert rest[-1] == r"  ERROR c\x1b"
    assert all(line.startswith("  ") for line in rest[1:])


def test_some_lines_a_minute_are_printed_and_those_left_out_are_counted() -> None:
    now = 0.0
    logger, written = logged([Few(lambda: now)])
    for number in range(2 * logs._LINES):
        logger.error("line %d", number)
    assert written.getvalue().count("line") == logs._LINES
    now = 61.0
    logger.error("100% again")
    assert written.getvalue().splitlines()[-1] == "ERROR 100% again (after 20 lines that were left out)"
    logger.error("and again")
    assert written.getvalue().splitlines()[-1] == "ERROR and again"


def test_what_clients_send_in_vain_is_not_in_the_log(
    launch: Callable[..., tuple[subprocess.Popen[str], str]], models: dict[str, Path]
) -> None:
    process, url = launch(models["energy"], "--port", "0", "--no-page", "--log")
    place = f"{url}v1/models/energy.uint8/score"
    form = {"Content-Type": "multipart/form-data; boundary=x", "X-Forwarded-For": b"\x9b31m\xff"}
    with httpx.Client(trust_env=False) as client:
        for body in (b"--x\r\nno header", b"--x\r\nA: b\r\n\r\n--x--trailing", b"garbage", b"--x--"):
            assert client.post(place, content=body, headers=form).status_code in (400, 422)
        assert client.post(place, content=b"\x89PNG\r\n\x1a\n").status_code == 422
    process.terminate()
    said, complaints = process.communicate(timeout=30)
    assert complaints == ""
    assert said.count("POST /v1/models/energy.uint8/score") == 5
    assert said.replace("\n", "").isprintable()
