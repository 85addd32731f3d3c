"""``python -m newsletter`` does what the ``newsletter`` command does."""

from newsletter.cli.main import main

if __name__ == "__main__":
    main()
