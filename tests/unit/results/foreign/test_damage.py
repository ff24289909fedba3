"""Whatever happened to a file, there is a reason in one line or a session, and never a verdict by accident."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from results.foreign import report
from results.foreign.compare import compare
from results.foreign.errors import ForeignError
from results.foreign.sniff import read_source
from results.foreign.source import Source

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "foreign_results"
FILES = sorted(path for path in FIXTURES.iterdir() if path.name != "README.md")
INSTEAD = [b"", b"NaN", b"-1", b"1e400", b"12ms", b"null", b"[]", b'"x"', b"\xff", b"\n", b",", b"0", b"9" * 30]
INSTEAD += [b"9" * 400, b"9" * 5001, b"[" * 100_000]

DAMAGE = st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(INSTEAD))


@given(st.sampled_from(FILES), st.lists(DAMAGE, min_size=1, max_size=3))
def test_damage_is_a_reason_in_one_line_or_no_verdict(path: Path, damages: list[tuple[float, int, bytes]]) -> None:
    """Bytes cut out or exchanged anywhere: a refusal, or figures beside the sound file without faster or slower."""
    sound = path.read_bytes()
    data = sound
    for place, length, instead in damages:
        at = int(place * len(data))
        data = data[:at] + instead + data[at + length :]
    try:
        found = compare([read_source(Source("sound", sound))], [read_source(Source("damaged", data))])
    except ForeignError as error:
        reason = str(error)
    else:
        reason = found.overall.headline
        report.render_json(found)
        assert found.overall.word in {"not enough data", "not comparable"}
    assert reason
    assert "\n" not in reason
    assert len(reason) < 600
