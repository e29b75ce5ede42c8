"""make bench."""

from tests.benchmarks.replay import main

main()
