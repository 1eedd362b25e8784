# SPDX-License-Identifier: BSD-2-Clause
"""pond-migrate: from malloc and free of a type to a pond."""
