"""The programs that are measured. Each module writes a configuration, starts its program and proves that it does its job."""

from benchmarks.contestants.contestant import Contestant, World

__all__ = ["Contestant", "World"]
