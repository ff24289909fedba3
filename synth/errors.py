"""Everything the synthesizer can refuse to do.

SynthError (a ValueError)
├── ArticleError   an id, revision, seed or profile that names no article
├── CorpusError    parameters that describe no corpus
├── DialError      a dial that does not exist, or a value that it does not take
├── LearnError     an export that nothing can be learned from
└── ExportError    an export that cannot be started

Each message is one line: what happened, the value, the remedy.
"""


class SynthError(ValueError):
    """The base of every error the synthesizer raises on purpose."""


class ArticleError(SynthError):
    """No article has this id, revision, seed or profile."""


class CorpusError(SynthError):
    """These parameters describe no corpus."""


class DialError(SynthError):
    """No dial has this name, or it does not take this value."""


class LearnError(SynthError):
    """Nothing can be learned from this."""


class ExportError(SynthError):
    """This export cannot be started."""
