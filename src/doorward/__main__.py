"""``python -m doorward``."""

from __future__ import annotations

from doorward.cli import main

if __name__ == "__main__":
    main()
