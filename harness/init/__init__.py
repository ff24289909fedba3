"""``anp init``: look at a site that is not ours, and write the plan of a trial of it.

``arms`` starts a version of the site, ``survey`` asks it for its addresses, cache headers and login form, ``members``
logs one in, ``texts`` says it all in TOML. ``html`` is what they know of pages.
"""
