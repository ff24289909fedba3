"""How well purges fit: the real cache beside the rules of three plugins, on the same random changes of a site."""

import asyncio
import os
from pathlib import Path

import pytest

from synth import Corpus
from target_app.importer import import_corpus
from tests.purge_oracle import judge

ARTICLES, CHANGES = int(os.environ.get("BENCH_ARTICLES", "2000")), int(os.environ.get("BENCH_CHANGES", "60"))


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_purges_leave_nothing_stale_and_99_in_100_unchanged_pages_where_they_are(tmp_path: Path) -> None:
    """Prints, for each way, what it left stale and what it kept of what had not changed."""
    import_corpus(tmp_path / "site.db", Corpus(count=ARTICLES), members=1)
    scores = asyncio.run(judge(tmp_path / "site.db", changes=CHANGES, seed=1))
    print(f"\n{CHANGES} random changes of a site of {ARTICLES} articles")
    print("| way | changes that left a page stale | stale pages | unchanged pages kept | dropped in vain, by kind |")
    print("|---|---|---|---|---|")
    for name, score in scores.items():
        vain = ", ".join(f"{kind} {count}" for kind, count in score.wasted.most_common(4)) or "–"
        print(
            f"| {name} | {score.stale_changes} of {CHANGES} | {score.stale} "
            f"| {score.precision:.3%} of {score.unchanged:,} | {vain} |"
        )
    ours = scores["anp"]
    assert ours.stale == 0
    assert ours.precision >= 0.99
