"""`python -m notify_tui` is the `notify-tui` command."""

from notify_tui.cli import main

if __name__ == "__main__":
    main()
