"""Requests a second, latency and memory of `gantk serve`, on loopback.

    python benchmarks/serve.py a_to_b.onnx --clients 64 --seconds 60 --size 64

Starts the server, lets clients send one picture after another, each as soon as the last was answered, and prints what
came of it. With --hostile, a tenth of the requests are broken or too large, and must get their 4xx. The exit status is
1 where a request failed. Needs `pip install httpx`.
"""

import argparse
import asyncio
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

MEGA = 1e6


def picture(size: int, seed: int) -> bytes:
    file = BytesIO()
    values = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def hostile(whole: bytes) -> list[tuple[bytes, int]]:
    """Return bodies, and the status that each must get."""
    bomb = whole[:16] + (50_000).to_bytes(4, "big") * 2 + whole[24:]
    return [(b"", 422), (b"no image", 422), (whole[: len(whole) // 2], 422), (bomb, 422), (bytes(20_000_000), 413)]


def memory(process: int) -> float:
    """Return the resident memory of a process and of those that it started, in MB."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / MEGA + sum(map(memory, map(int, children)))


async def visit(url: str, bodies: list[tuple[bytes, int]], end: float, found: dict[str, list]) -> None:
    """Send one body after another until the end, over a connection of its own."""
    # One client for all would hand its connections out unfairly, and be measured instead of the server.
    async with httpx.AsyncClient(timeout=120, trust_env=False, verify=False) as client:
        while time.perf_counter() < end:
            body, wanted = random.choice(bodies)
            began = time.perf_counter()
            try:
                answer = await client.post(url, content=body, headers={"Content-Type": "image/png"})
                said = str(answer.status_code)
            except httpx.HTTPError as error:
                said = type(error).__name__
            found["statuses"].append(said)
            if said == str(wanted) == "200":
                found["seconds"].append(time.perf_counter() - began)
            elif said != str(wanted):
                found["failures"].append(f"{said} for {wanted}")


async def load(url: str, name: str, process: int, arguments: argparse.Namespace) -> dict[str, list]:
    """Let clients visit the server; meanwhile note its memory every second."""
    good = [(picture(arguments.size, seed), 200) for seed in range(8)]
    bodies = good * 9 + hostile(good[0][0]) * 2 if arguments.hostile else good
    found: dict[str, list] = {"seconds": [], "statuses": [], "failures": [], "memory": [memory(process)]}
    end = time.perf_counter() + arguments.seconds
    place = f"{url}v1/models/{name}/translate"
    visits = [asyncio.create_task(visit(place, bodies, end, found)) for _ in range(arguments.clients)]
    while time.perf_counter() < end:
        await asyncio.sleep(1)
        found["memory"].append(memory(process))
    await asyncio.gather(*visits)
    found["memory"].append(memory(process))
    return found


def report(found: dict[str, list], seconds: float) -> str:
    times, held = sorted(found["seconds"]), found["memory"]
    early, late = held[len(held) // 4 : len(held) // 2] or held, held[3 * len(held) // 4 :]
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(Counter(found["statuses"]).items()))
    failures = Counter(found["failures"])
    return "\n".join(
        (
            f"{len(found['statuses'])} requests: {statuses}; {len(found['failures'])} failures {dict(failures) or ''}",
            f"{len(times) / seconds:.1f} translations/s, p50 {1000 * statistics.median(times):.0f} ms, "
            f"p99 {1000 * times[int(0.99 * len(times))]:.0f} ms, worst {1000 * times[-1]:.0f} ms",
            f"memory: {held[0]:.0f} MB at the start, {statistics.mean(early):.0f} MB in the second quarter, "
            f"{statistics.mean(late):.0f} MB in the last, {held[-1]:.0f} MB at the end",
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an exported model that translates images")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", type=int, default=64, help="height and width of the pictures")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("options", nargs="*", help="of gantk serve, after --")
    arguments = parser.parse_args()

    command = [sys.executable, "-m", "gantk", "serve", str(arguments.model), "--port", "0", "--no-page"]
    server = subprocess.Popen([*command, *arguments.options], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        found = asyncio.run(load(url, arguments.model.stem, server.pid, arguments))
        print(report(found, arguments.seconds))
        server.send_signal(signal.SIGTERM)
        print(f"SIGTERM: exit status {server.wait(30)}")
    finally:
        server.kill()
        server.wait()
    sys.exit(1 if found["failures"] else 0)


main()
