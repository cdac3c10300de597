"""The command `septum`, and `python -m septum` for launchers that know modules only.

What takes long to load is loaded here, where Ctrl-C is expected already.
"""

import sys

_INTERRUPTED = 130  # as in septum.cli.interrupt, which takes long to load


def main() -> None:
    """Run the command line; see `septum.cli.main`."""
    try:
        from septum.cli import main as run
    except KeyboardInterrupt:
        print("stopped before anything was done", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
