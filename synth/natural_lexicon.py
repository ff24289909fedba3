"""The words of the natural profile: closed lexicons, commonest first, and generated ones such as numbers and names.

A table has `synth.draws.CELLS` cells, so a byte picks one. A lexicon fills them in proportion to 1 / (rank + 2), by
integer arithmetic: a draw is one look-up, and common words are common. Numbers take two bytes, one for how large they
are and one for the digits nobody looks at, which gives texts the open vocabulary that real ones have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from synth.draws import CELLS

_Item = TypeVar("_Item")
Table = tuple[str, ...]


def weighted(items: Sequence[_Item]) -> tuple[_Item, ...]:
    """Return a table in which earlier items fill more cells than later ones.

    Raises:
        ValueError: There are so many items that some would fill none.
    """
    weights = [CELLS * CELLS // (rank + 2) for rank in range(len(items))]
    total, before, cells = sum(weights), 0, []
    for item, weight in zip(items, weights, strict=True):
        low, high = before * CELLS // total, (before + weight) * CELLS // total
        if low == high:
            raise ValueError(f"{item!r} is one of {len(items)} items: a table has only {CELLS} cells for them")
        cells += [item] * (high - low)
        before += weight
    return tuple(cells)


def _lexicon(text: str) -> Table:
    return weighted([" ".join(entry.split()) for entry in text.split("|")])


def _even(text: str) -> Table:
    """Return a table in which all entries of a text are about equally likely."""
    entries = [" ".join(entry.split()) for entry in text.split("|")]
    return tuple(entries[cell * len(entries) // CELLS] for cell in range(CELLS))


def halved(table: Table) -> tuple[Table, Table]:
    """Return two tables that share the entries of one, for where something is said of two different things."""
    entries = list(dict.fromkeys(table))
    return weighted(entries[::2]), weighted(entries[1::2])


def _with_article(table: Table) -> Table:
    return tuple(f"{'an' if entry[0] in 'aeiou' else 'a'} {entry}" for entry in table)


def _grown(cell: int, most: int) -> int:
    """Return 0 to ``most - 1``, the small ones more often."""
    return most * cell * cell // (CELLS * CELLS)


def _numbers(least: int, most: int) -> Table:
    return tuple(str(least + _grown(cell, most - least + 1)) for cell in range(CELLS))


_COMPONENT = _lexicon(
    """page cache | request handler | connection pool | listing query | render step | session store | job
    queue | edge node | search index | image resizer | login check | template layer | object cache | import
    script | health probe | message broker | load balancer | rate limiter | background worker | feed builder |
    sitemap job | read replica | schema migration | retry loop | asset bundle | permission check | audit trail
    | mail relay | thumbnail queue | DNS resolver | TLS terminator | circuit breaker | config loader | log
    shipper | metrics agent | token service | upload parser | export task | comment widget | navigation menu |
    tag archive | redirect map | cookie parser | fragment store | lock table | write path | cron entry |
    webhook receiver | admin screen | deploy script | warm-up job | purge hook | autoscaler | file watcher |
    dependency cache | service mesh | ingest buffer | ranking step | vacuum process | checkpoint | backup
    agent"""
)
_SIGNAL = _lexicon(
    """access log | latency histogram | slow query log | trace | flame graph | error budget | dashboard |
    cache status header | support inbox | nightly report | canary | synthetic probe | heap profile | deploy
    log | query plan | packet capture | on-call diary | status page | queue depth chart | audit log | browser
    timing | load test | log sample | replay | memory chart | weekly digest | core dump | cost report | change
    calendar | ticket history | row count | diff"""
)
_LOG = _lexicon("access log | slow query log | error log | audit log | deploy log | job log | log sample | mail log")
_PROFILE = _lexicon(
    """trace | flame graph | CPU profile | slow query log | browser timing | packet capture | latency histogram |
    sampled trace | request timeline"""
)
_TROUBLE = _lexicon(
    """slow | noisy | uneven | late | stubborn | cold | crowded | fragile | stale | ragged | awkward | sluggish |
    jumpy | shared | overgrown | forgetful | costly | restless"""
)
_CALM = _lexicon(
    "quiet | steady | idle | small | orderly | healthy | tidy | harmless | familiar | modest | even | dull"
)
_SLOWER = _lexicon("slower | costlier | heavier | harder to plan | less predictable | more fragile | harder to cache")
_CAUSE = _lexicon(
    """a missing index | a cookie set on every response | one query per row | a timeout longer than its caller's |
    an unbounded retry | a cache key that included the session | a lock held during a network call | clock skew |
    a default pool size | a header that varied by agent | an import that ran twice | an eager template include |
    a redirect chain | a forgotten debug flag | a log call inside the hot loop | a full table scan | uneven sharding |
    a health check that did real work | an expired certificate chain | a thundering herd at expiry | a leak of
    file handles | a serializer that copied everything | an oversized hero image | a stale DNS record | a
    silent fallback | a shared rate limit | a trailing slash redirect | an unused join | a sort that spilled
    to disk | a long garbage collection | a hot partition | synchronous mail | a proxy buffer that was too
    small | blocking file access | a chatty plugin"""
)
_ACTION = _lexicon(
    """added an index | bounded the retry | moved the call out of the loop | split the cache key | lowered the timeout |
    raised the pool size | batched the writes | dropped the unused join | cached the rendered fragment |
    pinned the version | queued the work | turned the flag off | compressed the response | removed the
    redirect | shortened the transaction | cut the payload in half | paged by key | set a maximum age | marked
    the page private | delayed the script | preloaded the font | streamed the export | gave the job a deadline
    | made the step repeatable | logged the decision | separated reads from writes | warmed the top pages |
    deleted the old branch | resized images on upload | spread the expiry times | replaced the poll with a
    hook | capped the queue | reused the connection | sampled the logs"""
)
_ROLE = _lexicon(
    """the on-call engineer | the platform team | the chief editor | a reviewer | the release manager | the support
    desk | the database owner | a new colleague | the security lead | the product owner | an intern | the site's owner |
    the night shift | the data team | a contractor | the accessibility lead | the finance partner | the network group"""
)
_TIME = _lexicon(
    """on Monday | after lunch | overnight | during the import | at the top of the hour | before the release |
    last week | in the first minute | on Thursday | just after a purge | at month end | over the weekend | the
    day after | after a restart | around midnight | during the morning peak | at two in the morning | while
    the backup ran | on Tuesday evening | in the quiet season | in early spring | after the upgrade | in the
    last hour | on Friday | under full load | at dusk"""
)
_PLACE = _lexicon(
    """on the article route | in staging | at the edge | on the home page | behind the login | in the archive
    | on mobile | in one region | in the worker pool | on the replica | at the origin | in the admin area |
    for signed-in members | on tag pages | in the build step | for crawlers | on the feed | in the search box
    | at the proxy | on old hardware | in the nightly job | for large accounts | in the test suite | on the
    media host | in the checkout | for new visitors"""
)
_QUALITY = _lexicon(
    """latency | wait time | error rate | miss ratio | memory use | queue depth | start-up time | database
    load | build time | bandwidth | cost per request | time to first byte | lock wait | restart count | disk
    usage | recovery time | cache churn | tail latency | CPU time | page weight | backlog age | replication
    lag | connection count | retry count"""
)
_EFFECT = _lexicon(
    """fell | settled | stopped climbing | halved | moved back to normal | became predictable | stayed flat |
    improved slightly | dropped within minutes | lost its spikes | recovered | levelled off | shrank | eased |
    barely moved | dipped | came down in steps | narrowed"""
)
_LESSON = _lexicon(
    """measure before tuning | keep the way back short | change one thing | write the number down | own the default |
    delete more than you add | test as a member too | prefer dull tools | make failure visible | name the owner |
    ask who pays for it | read the plan first | rehearse the restore | leave a trail | put limits at the edges |
    let old content vote | trust the tail | keep jobs repeatable | review on a calendar | start at the reader"""
)
_HEDGE = _lexicon(
    "usually | often | mostly | still | sometimes | rarely | nearly always | generally | normally | seldom | largely"
)
LEADS = _even(
    "In practice, | Even so, | Here too, | That said, | All the same, | In any case, | For the record, | At the same "
    "time, | Besides, | Then again,"
)
"""What stands before a sentence that leads over from the one before it, and claims nothing about either."""

FIRST_WORDS = (
    "amber", "anchor", "apple", "arbor", "argon", "aspen", "atlas", "aurora", "autumn", "badger", "basil",
    "bay", "beacon", "birch", "bishop", "blue", "bold", "brass", "briar", "bright", "bronze", "brook", "calm",
    "canyon", "cedar", "chalk", "cinder", "citrus", "clay", "cloud", "clover", "cobalt", "copper", "coral",
    "cotton", "crane", "crimson", "crystal", "cyan", "dawn", "delta", "desert", "dune", "dusk", "eager",
    "early", "east", "ebony", "echo", "elder", "ember", "fable", "falcon", "fern", "fjord", "flint", "forest",
    "fox", "frost", "garnet", "ginger", "glacier", "gold", "granite", "grape", "gray", "green", "grove",
    "hazel", "heron", "hidden", "hollow", "honey", "indigo", "inland", "iris", "iron", "island", "ivory",
    "jade", "jasper", "juniper", "kelp", "kestrel", "lake", "larch", "laurel", "lemon", "lilac", "linen",
    "lotus", "lunar", "maple", "marble", "marsh", "meadow", "mellow", "mercury", "mica", "mint", "misty",
    "moss", "north", "nova", "oak", "ocean", "olive", "onyx", "opal", "orbit", "orchid", "otter", "pearl",
    "pebble", "pine", "plum", "polar", "quartz", "quiet", "raven", "red", "ridge", "river", "rose", "rowan",
    "ruby", "russet", "sable",
)  # fmt: skip
SECOND_WORDS = (
    "abacus", "album", "almanac", "archive", "atelier", "atlas", "ballot", "barn", "basket", "bazaar",
    "bench", "binder", "border", "bridge", "bulletin", "bureau", "cabin", "canal", "canvas", "carrier",
    "census", "chapel", "charter", "chorus", "cipher", "circuit", "clinic", "clock", "column", "compass",
    "copy", "corner", "courier", "cradle", "crate", "current", "dairy", "depot", "desk", "diary", "digest",
    "dock", "drawer", "engine", "envoy", "exchange", "factor", "ferry", "field", "filter", "folio", "forge",
    "forum", "frame", "gallery", "garden", "gate", "gazette", "granary", "guild", "harbor", "harvest",
    "herald", "hub", "index", "inkwell", "journal", "kiln", "kiosk", "ladder", "lantern", "ledger", "lens",
    "library", "lighthouse", "loom", "lookout", "mailer", "market", "mast", "mill", "mirror", "museum",
    "needle", "notary", "novel", "orchard", "outpost", "page", "palette", "parcel", "parlor", "pier", "pilot",
    "plaza", "porch", "portal", "press", "quarry", "quill", "radar", "rail", "ranger", "record", "reef",
    "register", "relay", "roster", "saddle", "satchel", "scribe", "shelf", "signal", "silo", "sketch",
    "spindle", "spire", "stable", "steeple", "stitch", "stone", "studio", "summit", "tavern", "terrace",
    "theater", "ticker", "tower",
)  # fmt: skip
KINDS = ("api", "web", "worker", "gateway", "store", "sync", "cron", "feed")
"""The three parts of a service's name: 128, 128 and 8 words, as `factsheet.name` takes seven, seven and three bits."""

_TWO_DIGITS = tuple(str(10 + cell * 90 // CELLS) for cell in range(CELLS))
_THREE_DIGITS = tuple(str(100 + cell * 900 // CELLS) for cell in range(CELLS))


def _thousands(number: int) -> str:
    return f"{number}," if number else ""


def _hundreds(number: int) -> str:
    return f"{number // 10},{number % 10}" if number > 9 else str(number or "")


# Names of people who are nobody, and of types: so many that the vocabulary grows with the corpus, as others' do.
_NAME_BEGINNINGS = _even(
    """Abel | Acker | Ader | Albe | Alder | Alme | Alta | Ande | Arbe | Arno | Asker | Aude | Averi | Bade |
    Balde | Banner | Barde | Basse | Bauer | Beck | Belle | Benne | Berger | Birke | Blan | Bode | Bolde | Borne
    | Bracke | Brande | Breck | Brin | Bruno | Bude | Burge | Cabre | Calde | Camber | Canter | Carde | Caster |
    Cedri | Chande | Charle | Clari | Clem | Colde | Corbe | Cosse | Crane | Dahl | Dalber | Dane | Darle |
    Delle | Denne | Desse | Doner | Dorne | Drake | Dube | Dunne | Ebner | Eckle | Edel | Eiler | Elde | Elker |
    Ember | Enge | Erle | Esper | Etter | Evers | Fabe | Falke | Farne | Felder | Fenne | Ferre | Fisker | Flore
    | Folke | Forste | Franke | Frede | Gable | Galle | Garne | Gasser | Gelder | Gerne | Gilde | Glase | Gode |
    Gorde | Grane | Grene | Grube | Gunde | Haber | Hagen | Halde | Hame | Hansel | Harde | Hasse | Haver | Heck
    | Helle | Henne | Herle | Hille | Holde | Horne | Hude | Ibe | Ilse | Inger | Irme | Isen | Jage | Janke |
    Jaspe | Jelle | Jense | Jorde | Kable | Kalle | Kamme | Karle | Kaspe | Kelle | Kenne | Kerste | Kinde |
    Klare | Knude | Kolbe | Kope | Krame | Kunde | Lambe | Lande | Larse | Lauren | Leande | Lede | Lenne |
    Linde | Lode | Lorre | Lude | Lunde | Made | Malle | Mande | Marle | Masse | Melle | Merle | Milde | Molle |
    Monte | Morre | Munde | Nade | Nelle | Nesse | Nike | Norde | Nove | Ober | Odde | Olle | Orme | Osse | Otte
    | Palle | Panne | Parde | Pelle | Penne | Perle | Pilge | Polle | Porte | Prande | Quille | Rade | Ralle |
    Rande | Rasse | Reine | Relle | Renne | Ribbe | Ringe | Rode | Rolle | Rosse | Rude | Runde | Sabe | Salle |
    Sande | Sasse | Schade | Selle | Senne | Sibbe | Sille | Sole | Sonne | Stande | Stelle | Strande | Sunde |
    Tabe | Talle | Tande | Tasse | Telle | Tenne | Thale | Tilde | Tolle | Torne | Trave | Tulle | Ude | Ulle |
    Urse | Valle | Vande | Varne | Velle | Venne | Verle | Vilde | Volle | Wade | Walle | Wande | Warne | Welle
    | Wende | Wilde | Wolle | Yale | Zande | Zelle"""
)
_NAME_ENDINGS = _lexicon(
    """berg | son | man | feld | ton | lund | sen | well | wick | stad | ner | field | holm | dal | ham | brook | mann
    | ley | hart | wood | strom | rath | bury | quist | heim | vik | land | worth | gren | moor | beck | thal | ford
    | borg | by | stein | dorf | hof | mark | ric | wald | bach | stone | sund | kamp | croft | veld | ville | more
    | haug | thorpe | shaw | tal | vang | mere"""
)
_TYPE_MIDDLES = _lexicon(
    """Page | Cache | Row | Query | Index | Token | Batch | Record | Session | Entry | Event | Key | Request | Image |
    Path | Block | Media | Task | Log | Menu | Export | Import | Feed | File | Tag | Route | Item | Field | Header |
    Draft | Slot | Rate | Search | Link | Trace | Member | Order | Unit | Text | Role | Schema | Chunk | Score |
    Plan | Lock | Body | Label | Step | Layer | Mail | Group | Theme"""
)
_TYPE_ENDINGS = _lexicon(
    """Loader | Builder | Store | Client | Handler | Parser | Pool | Guard | Writer | Reader | Worker | Service |
    Filter | Runner | Resolver | Mapper | Buffer | Registry | Renderer | Listener | Monitor | Router | Scheduler |
    Provider | Checker | Formatter | Validator | Collector | Encoder | Proxy | Tracker | Planner | Adapter | Cleaner
    | Sampler | Factory | Merger | Broker | Driver | Sink | Fetcher | Walker | Hook | Counter | Warmer | Splitter |
    Source | Gate | Keeper | Policy"""
)
_TYPE_BEGINNINGS = weighted(
    [
        word.capitalize()
        for word in SECOND_WORDS[::2]
        if word.capitalize() not in {*_TYPE_MIDDLES, *_TYPE_ENDINGS}  # as of an IndexIndexMerger
    ]
)

SLOTS: Mapping[str, tuple[Table, ...]] = {
    "component": (_COMPONENT,),
    "a_component": (_with_article(_COMPONENT),),
    "signal": (_SIGNAL,),
    "a_signal": (_with_article(_SIGNAL),),
    "log": (_LOG,),
    "a_profile": (_with_article(_PROFILE),),
    "trouble": (_TROUBLE,),
    "a_trouble": (_with_article(_TROUBLE),),
    "calm": (_CALM,),
    "a_calm": (_with_article(_CALM),),
    "slower": (_SLOWER,),
    "cause": (_CAUSE,),
    "action": (_ACTION,),
    "role": (_ROLE,),
    "time": (_TIME,),
    "place": (_PLACE,),
    "quality": (_QUALITY,),
    "effect": (_EFFECT,),
    "lesson": (_LESSON,),
    "hedge": (_HEDGE,),
    "percent": (_numbers(2, 96),),
    "few": (_numbers(2, 14),),
    # 10 to 4,799 and 100 to 90,999 and 10 to 2,399.
    "ms": (tuple(_hundreds(_grown(cell, 48)) for cell in range(CELLS)), _TWO_DIGITS),
    "count": (tuple(_thousands(_grown(cell, 91)) for cell in range(CELLS)), _THREE_DIGITS),
    "line": (tuple(_hundreds(_grown(cell, 24)) for cell in range(CELLS)), _TWO_DIGITS),
    "person": (_NAME_BEGINNINGS, _NAME_ENDINGS),
    "type": (_TYPE_BEGINNINGS, _TYPE_MIDDLES, _TYPE_ENDINGS),
    # An odd factor leaves no two the same. There are 2**14: with more, a large corpus would know few other words.
    "hex": (
        tuple(f"{cell // 4 * 2477 % (1 << 12):03x}" for cell in range(CELLS)),
        tuple(f"{cell * 40_503 % (1 << 16):04x}" for cell in range(CELLS)),
    ),
}
"""What can fill a slot of a sentence, by the name of the slot: the tables whose picks stand side by side there."""
