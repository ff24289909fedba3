"""What every text of an article must have, whichever way it comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from target_app.article_file import ArticleError, read
from target_app.drafting import DraftError, from_fields
from target_app.texts import ArticleText, is_visible
from tests.unit.target_app.test_article_file import FOREIGN
from tests.unit.target_app.test_articles_api import TEXT
from tests.unit.target_app.test_newsroom import DRAFT

BLANK = ["\u200b", "\u00a0", "\u202e", "\u2060\u3000\ufeff", "\u00ad \u200d"]
SEEN = ["a", "\u202e.", "\u200b字", "👩\u200d🔬", "\ue000"]
IMAGE = {"source": "a", "url": "https://a", "caption": "a"}

Field = tuple[dict[str, Any], tuple[str | int, ...]]


def fields(text: str) -> list[Field]:
    """Everything that an article has to have in words, with where it stands."""
    return [
        ({"title": text}, ("title",)),
        ({"checklist": ["a", text]}, ("checklist", 1)),
        ({"sections": [{"heading": text}]}, ("sections", 0, "heading")),
        ({"sections": [{"heading": "a", "paragraphs": [text]}]}, ("sections", 0, "paragraphs", 0)),
        (
            {"sections": [{"heading": "a", "code": {"language": "sql", "text": text}}]},
            ("sections", 0, "code", "text"),
        ),
        ({"images": [{**IMAGE, "source": text}]}, ("images", 0, "source")),
        ({"images": [{**IMAGE, "caption": text}]}, ("images", 0, "caption")),
    ]


@pytest.mark.parametrize("text", BLANK)
def test_what_nobody_can_see_is_no_text_for_api_and_import(text: str) -> None:
    """Both name the place; the intro is needed by the API alone, the final notes by nobody."""
    assert not is_visible(text)
    for said, place in [*fields(text), ({"intro": text}, ("intro",))]:
        with pytest.raises(ValidationError) as caught:
            ArticleText.model_validate({**TEXT, **said})
        assert [(fault["type"], fault["loc"]) for fault in caught.value.errors()] == [("blank", place)]
    for said, place in fields(text):
        with pytest.raises(ArticleError, match=f"^{' '.join(map(str, place))}: should hold a visible character"):
            read(json.dumps({**FOREIGN, **said}).encode())
    assert ArticleText.model_validate({**TEXT, "final_notes": text}).final_notes == text
    assert read(json.dumps({**FOREIGN, "intro": ""}).encode()).intro == ""


@pytest.mark.parametrize("text", BLANK)
@pytest.mark.parametrize(
    ("field", "typed"),
    [("title", "{}"), ("intro", "{}"), ("body", "## {}"), ("body", "## a\n\n{}"), ("images", "{} | https://a | a")],
)
def test_what_nobody_can_see_is_no_text_for_an_editor(field: str, typed: str, text: str) -> None:
    """The field is named, in words for its editor."""
    with pytest.raises(DraftError) as caught:
        from_fields({**DRAFT, field: typed.format(text)})
    assert list(caught.value.faults) == [field]
    assert caught.value.faults[field][0].endswith("; write something.")


@pytest.mark.parametrize("text", SEEN)
def test_one_character_that_can_be_seen_is_enough(text: str) -> None:
    """Whatever stands around it, and of any script."""
    for said, _ in [*fields(text), ({"intro": text}, ("intro",))]:
        ArticleText.model_validate({**TEXT, **said})
