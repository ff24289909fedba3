"""The synthesizer: one integer in, one article out, the same everywhere and for ever.

>>> import synth
>>> synth.article(11730, profile="classic").meta["payload"]["source id"]
'alphanode-011730'
"""

from synth.corpus import Corpus
from synth.errors import ArticleError, CorpusError, ExportError, SynthError
from synth.generator import article, fingerprint, slug
from synth.model import MAX_ID, Article, Code, Image, Meta, Section
from synth.profile import PROFILE_VERSIONS, PROFILES

__all__ = [
    "MAX_ID",
    "PROFILES",
    "PROFILE_VERSIONS",
    "Article",
    "ArticleError",
    "Code",
    "Corpus",
    "CorpusError",
    "ExportError",
    "Image",
    "Meta",
    "Section",
    "SynthError",
    "article",
    "fingerprint",
    "slug",
]
