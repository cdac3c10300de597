"""`python -m septum`, for launchers that know modules only."""

from septum.cli import main

main()
