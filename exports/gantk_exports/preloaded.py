"""What an export needs, imported and used once, before the processes of the checks are forked.

A process's first export takes twice as long as the next: torch imports its compiler and makes its table of operators.
"""

from contextlib import suppress

import torch

with suppress(ImportError):
    from gantk_exports.opsets import NEWEST
    from gantk_exports.quiet import quiet
    from gantk_exports.translations import keep_translations

    keep_translations()
    with quiet():
        torch.onnx.export(
            torch.nn.Conv2d(1, 1, 3).eval(), (torch.zeros(2, 1, 8, 9),), dynamo=True, opset_version=NEWEST
        )
