import pytest

from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES, FIXED_WORDS, PHASES, REQUESTS, words


@pytest.mark.parametrize("vocabulary", [CACHE_CLASSES, ERROR_CLASSES, CHECKS, PHASES])
def test_a_vocabulary_fits_its_column(vocabulary: tuple[str, ...]) -> None:
    """Every fixed vocabulary has distinct words that an 8-bit code can number."""
    assert len(set(vocabulary)) == len(vocabulary) < 128


def test_words_are_dictionary_encoded() -> None:
    """Codes and vocabulary make a column that reads as words and costs a byte a row."""
    column = words([1, 0, 1], ("a", "b"))

    assert column.to_pylist() == ["b", "a", "b"]
    assert column.indices.type.bit_width == 8


def test_fixed_words_name_columns_of_requests() -> None:
    """Each fixed vocabulary belongs to a column of the requests."""
    assert set(FIXED_WORDS) <= set(REQUESTS.names)
