"""Shares with their numerator and denominator, for the pages."""

from linksvc.proportions import Z_95, Proportion

__all__ = ["Z_95", "Proportion"]
