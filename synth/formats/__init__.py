"""One module for each way to write an article down, each with one function, ``render(article) -> str``."""
