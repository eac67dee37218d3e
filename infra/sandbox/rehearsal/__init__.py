"""Rehearsals: a stack applied end to end in a sandbox instance of its own, looked at, and gone again.

`rehearsal` is the order of steps, `engine_run` one run of the engine, `applied` what a stack has made and how to reach
it, `answers` and `promises` what is checked there, `work_tree` what must not change.
"""
