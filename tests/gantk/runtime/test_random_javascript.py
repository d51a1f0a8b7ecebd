"""The JavaScript of the apps gives the committed vectors."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gantk.runtime import random

CODE = Path(__file__).parents[3] / "exports" / "gantk_exports" / "web" / "random.mjs"
VECTORS = Path(random.__file__).with_name("philox_vectors.json")
PROGRAM = """
import { readFileSync } from "node:fs";
import { category, latent } from "%s";

const { draws, categories } = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const rows = (one) => Array.from({ length: one.count }, (_, row) => one.start + row);
console.log(JSON.stringify({
  draws: draws.map((one) =>
    rows(one).map((k) => Array.from(latent(one, BigInt(one.seed), k, one.truncation ?? Infinity)))),
  categories: categories.map((one) => rows(one).map((k) => category(one, BigInt(one.seed), k))),
}));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_javascript_gives_the_vectors(tmp_path: Path) -> None:
    (tmp_path / "draw.mjs").write_text(PROGRAM % CODE.as_uri())
    done = subprocess.run(
        ["node", tmp_path / "draw.mjs", VECTORS], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found, wanted = json.loads(done.stdout), json.loads(VECTORS.read_text(encoding="utf-8"))
    for ours, case in zip(found["draws"], wanted["draws"], strict=True):
        np.testing.assert_array_max_ulp(np.float32(ours), np.float32(case["values"]), maxulp=1)
    assert found["categories"] == [case["values"] for case in wanted["categories"]]
