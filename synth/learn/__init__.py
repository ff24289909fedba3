"""What a site's own articles are like, as dials: numbers, and the names of meta keys; not one sentence."""

from synth.learn.documents import Document, of_page
from synth.learn.exports import documents
from synth.learn.profile import Learned, learned

__all__ = ["Document", "Learned", "documents", "learned", "of_page"]
