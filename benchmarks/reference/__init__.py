"""The pure-Python way of doing each job: slow, short and obvious.

One module a job. They are the baseline that benchmarks measure chronomux against, so
they do what a careful Python programmer would write, not slower on purpose.
Nothing under src/ imports them.
"""
