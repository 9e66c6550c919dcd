"""`python -m ricochet`: how the supervisor starts its processes."""

from ricochet.cli import main

main()
