"""``python -m harness`` is ``anp``."""

from harness.main import main

if __name__ == "__main__":
    main()
