# SPDX-License-Identifier: BSD-2-Clause
"""How the tool says what stands in the way. Nothing here changes a file."""


class Wrong(Exception):
    """The tool was called wrongly: one sentence, status 2."""


class Refused(Exception):
    """Something stands in the way: each with its file and line, status 1, and nothing was changed."""

    def __init__(self, reasons):
        super().__init__("refused")
        self.reasons = sorted(set([reasons] if isinstance(reasons, str) else reasons))
