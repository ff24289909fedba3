"""The cache audit: what every layer in front of a page says and does, found with a few requests one after another.

``conduct`` goes through the pages that ``discovery`` finds. ``probes`` hold one family of checks a module: what can be
judged from replies that are there is a pure function of ``Seen``; what has to ask more is given the client. The checks
themselves, with reason and remedy, stand in ``checks``. ``render`` writes what was found.
"""
