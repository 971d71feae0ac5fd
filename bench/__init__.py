"""Figures of speed, taken as ratios in one run on one machine. A benchmark is not a test."""
