"""What was observed and what it means.

``columns`` names what is kept of every request, ``plan`` what a swarm was asked to do, ``record`` how both lie on disk,
``cache_status`` what a response's headers say about the cache; ``comparison`` and ``report`` turn records into a
verdict. Knows nothing of locust, the reference site or the synthesizer: any of them may change without a figure
changing here.
"""
