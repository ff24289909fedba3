"""The real rig: whole trials on the reference site, in which the truth was put there and is known.

``cases`` says what is done to the site and what must be seen of it; ``campaign`` runs trials, one after the other, and
writes a line for each into ``docs/calibration/rig.jsonl``; ``report`` makes ``docs/calibration/real-trials.md`` of the
lines. Run by hand, for hours, on a quiet machine:

    python -m tests.calibration.rig run all --minutes 60
    python -m tests.calibration.rig status
    python -m tests.calibration.rig report
"""
