"""The storm: a mixed load with known answers, while a seeded agent breaks everything that can break.

`python -m tests.chaos.storm --duration 60 --seed 7` raises one, `make soak` raises fifty. One seed is one schedule.
"""
