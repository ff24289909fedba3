-- A database file of format 3 with the corpus of ten natural articles from id 1968 (seed 0) and two
-- members, article 1970 edited twice, one session open. The search index is made as that version made it.
CREATE TABLE site (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE author (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE article (
    id            INTEGER PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL CHECK (status IN ('published', 'draft')),
    version       INTEGER NOT NULL,  -- counts every change
    written       INTEGER NOT NULL,  -- 1 where the text is not what was imported
    revision      INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    title         TEXT NOT NULL,
    intro         TEXT NOT NULL,
    figure        TEXT,              -- caption of the first figure
    tags          TEXT NOT NULL,     -- JSON list
    published     INTEGER NOT NULL,  -- Unix seconds, as are the next three
    changed       INTEGER NOT NULL,
    card_changed  INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    last_reviewed TEXT NOT NULL,
    author_id     INTEGER NOT NULL REFERENCES author,
    categories    TEXT NOT NULL,     -- JSON list
    checklist     TEXT NOT NULL,     -- JSON list
    images        TEXT NOT NULL,     -- JSON list of {source, url, caption}
    final_notes   TEXT NOT NULL,
    sections      TEXT NOT NULL      -- JSON list of {heading, paragraphs, code}
) STRICT;
CREATE INDEX article_by_date ON article (published DESC, id DESC) WHERE status = 'published';
CREATE INDEX article_by_author ON article (author_id, published DESC, id DESC) WHERE status = 'published';
CREATE INDEX article_edited ON article (id, revision) WHERE revision <> 0;
CREATE INDEX article_unpublished ON article (id) WHERE status <> 'published';

CREATE TABLE article_meta (
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,        -- JSON
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE VIEW article_text AS          -- what a search looks through
SELECT a.id,
       a.title,
       a.intro || char(10) || coalesce((
           SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'summary'
       ), '') AS summary,
       coalesce((SELECT group_concat(atom, char(10)) FROM json_tree(a.sections) WHERE type = 'text'), '') || char(10)
           || coalesce((SELECT group_concat(value, char(10)) FROM json_each(a.checklist)), '') || char(10)
           || a.final_notes AS body,
       coalesce((SELECT value ->> '$' FROM article_meta WHERE article_id = a.id AND key = 'topic'), '') || char(10)
           || coalesce((SELECT group_concat(value, char(10)) FROM json_each(a.tags)), '') AS topic
FROM article AS a;

-- The words alone: the text stays where it is, and is read through the view for the passages shown. FTS5 looks single
-- articles up through it but does not walk it, so that its own "rebuild" cannot be used. Drafts are not in it.
CREATE VIRTUAL TABLE article_search USING fts5 (
    title, summary, body, topic,
    content = article_text, content_rowid = id, tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO article_search (article_search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 1.0)');

-- The tags and categories of published articles, in the order of their lists.
CREATE TABLE article_term (
    kind       TEXT NOT NULL CHECK (kind IN ('tag', 'category')),
    term       TEXT NOT NULL,
    published  INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    PRIMARY KEY (kind, term, published DESC, article_id DESC)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_term_by_article ON article_term (article_id);

CREATE TABLE similar_article (
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    similar_id INTEGER NOT NULL,
    PRIMARY KEY (article_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    id            TEXT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('reader', 'editor')),
    password_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_list (
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    PRIMARY KEY (member_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reading_list_once ON reading_list (article_id, member_id);

CREATE TABLE comment (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id INTEGER NOT NULL REFERENCES article ON DELETE CASCADE,
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    written    INTEGER NOT NULL,     -- Unix seconds
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX comment_of_article ON comment (article_id, id);

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    member_id  TEXT NOT NULL REFERENCES member ON DELETE CASCADE,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires);

-- When the pages with a tag last became stale: written in the transaction of the change itself.
CREATE TABLE generation (
    tag    TEXT PRIMARY KEY,
    number INTEGER NOT NULL,         -- of the change, counted over the whole file
    moment INTEGER NOT NULL          -- Unix seconds
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_by_number ON generation (number);

PRAGMA application_id = 1634627633;
PRAGMA user_version = 3;
INSERT INTO site VALUES ('complete', 'true');
INSERT INTO site VALUES ('corpus', '{"count": 10, "first_id": 1968, "profile": "natural", "seed": 0}');
INSERT INTO site VALUES ('members', '2');
INSERT INTO author VALUES (0, 'David Owens', 'ember-0');
INSERT INTO author VALUES (2, 'Audrey Roberson', 'ember-2');
INSERT INTO author VALUES (5, 'Catherine White', 'north-5');
INSERT INTO author VALUES (6, 'Ashley Bautista', 'cedar-6');
INSERT INTO author VALUES (28, 'Nicole Ross', 'kelp-28');
INSERT INTO author VALUES (31, 'Kelly Aguirre', 'ember-31');
INSERT INTO article VALUES (1968, 'how-aspen-mast-web-got-better-at-speeding-up-asset-delivery-1968', 'published', 1, 0, 0, '6a8bc7db1819c6627d88b4ba', 'How aspen-mast-web got better at speeding up asset delivery', 'P99 latency had been drifting for 20 months when aspen-mast-web finally got attention. What follows is speeding up asset delivery as we did it with editors publishing all day.', 'Speeding up asset delivery with Java platforms visual reference 1', '["java-platforms","java","assets","cdn"]', 1706516617, 1706516617, 1706516617, 1706516617, '2025-12-17', 6, '["backend","performance"]', '["Name who decides on a rollback","Announce the window in one channel","Keep the old version warm","Shift a tenth of the traffic","Close the window in writing"]', '[{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001968/1200/630","caption":"Speeding up asset delivery with Java platforms visual reference 1"},{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Speeding up asset delivery with Java platforms visual reference 2"},{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Speeding+up+asset+delivery+with+Java+p","caption":"Speeding up asset delivery with Java platforms visual reference 3"},{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Speeding+up+asset+delivery+with+Java+platf","caption":"Speeding up asset delivery with Java platforms visual reference 4"}]', 'We would start sooner and with less. For Java platforms with editors publishing all day, release 8.26.6 is enough; the remaining ideas wait in ASPE-16416.', '[{"heading":"Working on /filter/pearl","paragraphs":["We shortened the transaction on steeple-14.ap-1 first, since its request handler carries 87 percent of the load. Every request that skips the page cache leaves room for one that cannot. Check 1.0.3 and 8.26.6 side by side on the article route before trusting either.","With Micrometer open on a second screen, we added an index and waited 36 minutes. Here too, for Java platforms the cheap moment to do this is the day after, when 17,622 requests are in flight and not ten times that. Release 8.26.6 gave the job a deadline; release 6.11.5 will remove what it replaced. In practice, we repeated the replay with 18,289 requests and error rate fell. Personal pages must never enter the edge node, so mark them before anything else in the archive. Ask Micrometer for the plan again: the connection pool should no longer appear in it."],"code":null},{"heading":"A routine for the media team","paragraphs":["To verify it, run Micrometer against /filter/pearl 7 times and compare cost per request with the status page. A script of 418 lines now prepares filter_steeple, and it bounded the retry before the session store starts. In practice, the old behaviour returns if config/steeple.toml is restored from a backup older than May. The notes, the replay and the heap profile are filed under ASPE-16416.","The support desk compared filter_steeple row by row with the copy on steeple-14.ap-1 and found 2 differences, all explained. In hindsight, instead of tuning the request handler, we split the cache key and asked ridge-stable to do the same. A colder cache after each deploy costs 52 milliseconds for the first 423 readers. We added the audit log to the weekly review, next to p99 latency."],"code":null}]');
INSERT INTO article VALUES (1969, 'why-grape-mill-worker-needed-speeding-up-asset-delivery-1969', 'published', 1, 0, 0, 'f25c419ba83508d017f11895', 'Why grape-mill-worker needed speeding up asset delivery', 'If you look after Python services on a public documentation portal, parts of this will sound familiar. The rest is particular to grape-mill-worker and to /satchel/rowan.', NULL, '["python-services","python","assets","cdn"]', 1758534698, 1774086017, 1774086017, 1774086017, '2026-05-05', 0, '["backend","performance"]', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]', '[]', 'None of this is specific to grape-mill-worker. Write down a baseline, pick one route such as /satchel/rowan, and give speeding up asset delivery an owner.', '[{"heading":"Where we started","paragraphs":["By the time the editors asked about queue depth, satchel_market held 2,565,046 rows and the listing query touched most of them. The trouble showed in the worker pool first: render time moved from 113 to 189 milliseconds overnight. Signed-in members waited 3 percent longer than anonymous readers for large accounts, and the core dump says why. Since ebony-gate retries after 456 milliseconds, anything slower than that doubles the work."],"code":{"language":"Python","text":"from functools import lru_cache\n\n\n@lru_cache(maxsize=256)\ndef load_satchel(version: int) -> dict[str, int]:\n    return {\"version\": version, \"entries\": 40}\n\n\nprint(load_satchel(7))"}},{"heading":"A routine for the editorial team","paragraphs":["A limit close to the page cache is one that the accessibility lead can find in the first minute. To verify it, run Uvicorn against /satchel/rowan 3 times and compare throughput with the deploy log. Run it twice: the second import of 2,565,046 rows must leave satchel_market exactly as it was. One nightly report is worth quoting: 4 retries, 2,683 milliseconds each, then 504. In short, we added the access log to the weekly review, next to render time.","The alternative was to rewrite the sitemap job, which the platform team priced at 5 weeks. A purge of one page should change one slow query log; if 6,994 entries vanish, the key is too wide. In practice, look for 504 in the nightly report; more than 9 in an hour means the request handler is still steady. The audit log kept by the platform team put the start on Monday, a day after 3.0.16 went out. The first line of the runbook for grape-mill-worker now says to write the number down."],"code":null}]');
INSERT INTO article VALUES (1970, 'the-quiet-work-of-purging-stale-pages-in-rose-bridge-store-1970', 'published', 3, 0, 2, 'ac058c69f0ab835782fa6ab8', 'The quiet work of purging stale pages in rose-bridge-store', 'rose-bridge-store belongs to our .NET services, and it runs during an infrastructure cost review. This is how purging stale pages took p95 latency from 1,699 to 1,104 milliseconds, and what it did not fix.', 'Purging stale pages with .NET services visual reference 1', '["net-services","c-sharp","purge","page-cache"]', 1630439772, 1785500600, 1630439772, 1630444572, '2025-11-15', 5, '["backend","caching"]', '["Run the linter on the diff","Cover the new branch with a unit test","Exercise the integration suite twice","Deploy to staging over lunch","Tag the release and link the ticket"]', '[{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Purging+stale+pages+with+.NET+services","caption":"Purging stale pages with .NET services visual reference 1"}]', 'The gain on /dock/raven was 36 percent. It will fade if config/studio.toml drifts, so a reminder is set for June.', '[{"heading":"What readers saw","paragraphs":["The numbers from BenchmarkDotNet agreed with the status page: database load stopped climbing whenever opal-relay was slow to answer. In practice, we had postponed purging stale pages since release 3.6.10, mostly because the security lead could live with a generous file watcher. We suspected a missing index for a day, until BenchmarkDotNet showed a timeout longer than its caller''s in 11 lines. Fewer moving parts mean fewer stubborn surprises, and the search index had 7 too many. In June we will ask again whether the job queue earns its place."],"code":{"language":"C#","text":"var builder = WebApplication.CreateBuilder(args);\nbuilder.Services.AddOutputCache(options => options.DefaultExpirationTimeSpan = TimeSpan.FromSeconds(60));\n\nvar app = builder.Build();\napp.UseOutputCache();\napp.MapGet(\"/dock/{id:int}\", (int id) => Results.Ok(new { id, state = \"ready\" })).CacheOutput();\napp.Run();"}},{"heading":"From studio-05.us-2 to everywhere","paragraphs":["We put the connection pool behind a flag, added an index, and kept the flag for 24 days. When the access log and the memory chart agree for 4 days, close ROSE-5869. In short, personal pages must never enter the search index, so mark them before anything else in the archive. The editors queued the work while the search team watched the dashboard. dock_studio was read 18,191 times an hour, 13 percent of that for one config loader.","/dock/raven serves about 39 percent of all reads, and it is on the article route that people notice memory use. In other words, for /dock/raven alone we added an index; the other routes kept what they had. We repeated the replay with 88,992 requests and build time levelled off. ROSE-5869 stays open until latency has been stable for 24 days."],"code":null},{"heading":"What we would do again","paragraphs":["The alternative was to rewrite the connection pool, which the night shift priced at 3 weeks. The search team will repeat the measurement in June, with 11,808 requests and the same seed. By default BenchmarkDotNet hides this unless dock.retry_limit is set, which seldom surprises people. In short, the notes, the replay and the access log are filed under ROSE-5869.","The platform team will look at the login check next, the last stale step at the edge. On reflection, the reasoning is plain: a cookie set on every response costs more than a cold render step ever will. In practice, the first line of the runbook for rose-bridge-store now says to let old content vote."],"code":null}]');
INSERT INTO article VALUES (1971, 'inside-pearl-kiln-store-purging-stale-pages-with-python-services-1971', 'published', 1, 0, 0, 'b7e2b98b4433598a7b1fe33f', 'Inside pearl-kiln-store: purging stale pages with Python services', 'We write these pages for the next person on call. This one is about purging stale pages in pearl-kiln-store, release 4.16.9.', 'Purging stale pages with Python services visual reference 1', '["python-services","python","purge","page-cache"]', 1690207266, 1760267768, 1760267768, 1760267768, '2025-12-29', 0, '["backend","caching"]', '["Name who decides on a rollback","Announce the window in one channel","Keep the old version warm","Shift a tenth of the traffic","Close the window in writing"]', '[{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Purging stale pages with Python services visual reference 1"}]', 'The gain on /column/cobalt was 50 percent. It will fade if config/index.toml drifts, so a reminder is set for March.', '[{"heading":"Reading the evidence","paragraphs":["Of 4,631 sampled requests, 3 percent ended in 500, all of them in the admin area. Two things had combined: an oversized hero image, and a timeout longer than its caller''s. We stopped the object cache on index-24.sa-1 on purpose, and memory use fell on Monday. Commit ce92a50b4 had moved the check below the page cache, and a cookie set on every response followed. As it happens, fewer moving parts mean fewer partial surprises, and the page cache had 7 too many."],"code":{"language":"Python","text":"from functools import lru_cache\n\n\n@lru_cache(maxsize=256)\ndef load_column(version: int) -> dict[str, int]:\n    return {\"version\": version, \"entries\": 40}\n\n\nprint(load_column(7))"}},{"heading":"Small steps","paragraphs":["A script of 139 lines now prepares column_index, and it dropped the unused join before the config loader starts. We shortened the transaction in src/column/index.py and left everything else alone at the top of the hour. On reflection, the alternative was to rewrite the thumbnail queue, which the network group priced at 3 weeks. We have not tested it above 15,096 requests an hour, and a new colleague often doubts the retry loop there.","We put the request handler behind a flag, spread the expiry times, and kept the flag for 51 days. In other words, release 4.16.9 made the step repeatable; release 2.2.16 will remove what it replaced. The reasoning is plain: a cookie set on every response costs more than a small template layer ever will. If kestrel-chorus is upgraded before pearl-kiln-store, expect 408 for up to 51 minutes."],"code":{"language":"Python","text":"from functools import lru_cache\n\n\n@lru_cache(maxsize=256)\ndef load_column(version: int) -> dict[str, int]:\n    return {\"version\": version, \"entries\": 40}\n\n\nprint(load_column(7))"}}]');
INSERT INTO article VALUES (1972, 'speeding-up-asset-delivery-a-checklist-that-grew-up-on-garnet-field-api-1972', 'published', 1, 0, 0, '345d883cc09f00309a835b29', 'Speeding up asset delivery: a checklist that grew up on garnet-field-api', 'We write these pages for the next person on call. This one is about speeding up asset delivery in garnet-field-api, release 2.11.0.', 'Speeding up asset delivery with Node.js APIs visual reference 1', '["node-js-apis","javascript","assets","cdn"]', 1629451978, 1761235768, 1761235768, 1761235768, '2026-03-04', 2, '["backend","performance"]', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]', '[{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001972/1200/630","caption":"Speeding up asset delivery with Node.js APIs visual reference 1"}]', 'garnet-field-api now holds query time near 112 milliseconds, against 191 before the work. The commands live in src/tavern/ballot.js, the discussion in GARN-2240, and the insights team would like to hear where this fails.', '[{"heading":"Rolling it out","paragraphs":["Commit a859969f3 bounded the retry and raised tavern.queue_cap from 34 to 238. In short, check 4.1.15 and 2.11.0 side by side on the article route before trusting either. As it happens, run it twice: the second import of 2,163,208 rows must leave tavern_ballot exactly as it was.","The page cache came with release 5.23.1 and was meant to last until overnight. First the site''s owner compressed the response on the home page; the page cache followed on Monday. We stopped the webhook receiver on ballot-40.sa-1 on purpose, and error rate dipped under full load. Once 4.4.10 is everywhere, src/tavern/ballot.js can lose 9 lines."],"code":{"language":"JavaScript","text":"const http = require(''node:http'');\n\nconst server = http.createServer((request, response) => {\n  response.setHeader(''Cache-Control'', ''public, max-age=60'');\n  response.end(JSON.stringify({ source: ''tavern'', path: request.url }));\n});\n\nserver.listen(8080);"}},{"heading":"Limits and risks","paragraphs":["We have not tested it above 86,389 requests an hour, and the database owner rarely doubts the connection pool there. Two things had combined: a sort that spilled to disk, and a lock held during a network call. Ask ESLint for the plan again: the sitemap job should no longer appear in it. In config/ballot.toml we set tavern.queue_cap to 238, with a comment that names GARN-2240 and the slow query log.","If cotton-bureau is upgraded before garnet-field-api, expect 500 for up to 24 minutes. Somebody had fixed a stale DNS record in 1.16.5, and 1.23.7 brought it back in staging. A purge of one page should change one cache status header; if 12,567 entries vanish, the key is too wide. We put the page cache behind a flag, spread the expiry times, and kept the flag for 24 days."],"code":{"language":"JavaScript","text":"const http = require(''node:http'');\n\nconst server = http.createServer((request, response) => {\n  response.setHeader(''Cache-Control'', ''public, max-age=60'');\n  response.end(JSON.stringify({ source: ''tavern'', path: request.url }));\n});\n\nserver.listen(8080);"}},{"heading":"Keeping it healthy","paragraphs":["After 24 minutes query time read 112 milliseconds against 191 earlier. The on-call engineer removed the redirect while the insights team watched the latency histogram. One small side effect: the slow query log now counts each retry, so throughput looks worse overnight than it is. The product owner owns tavern.queue_cap from here on and reviews it when cotton-bureau changes.","The reasoning is plain: a missing index costs more than an abrupt job queue ever will. The on-call engineer compared tavern_ballot row by row with the copy on ballot-40.sa-1 and found 5 differences, all explained. Look for 301 in the access log; more than 6 in an hour means the autoscaler is still noisy. One latency histogram is worth quoting: 2 retries, 2,389 milliseconds each, then 408. The first line of the runbook for garnet-field-api now says to prefer dull tools.","We preferred this to a larger machine, because queue depth nearly always depends on a lock held during a network call and not on size. Again, we repeated the replay with 802 requests and queue depth fell. Put simply, log in as a member and open /tavern/dawn; a response marked as a hit there is a bug, whatever bandwidth says. Before we touched anything, query time stood at 191 milliseconds over 109 requests. A contractor will look at the page cache next, the last cold step on the feed."],"code":null}]');
INSERT INTO article VALUES (1973, 'speeding-up-asset-delivery-one-release-of-quartz-bulletin-sync-at-a-time-1973', 'published', 1, 0, 0, '33fef146cb67b94930b83a60', 'Speeding up asset delivery, one release of quartz-bulletin-sync at a time', 'QUAR-2875 asked for speeding up asset delivery in quartz-bulletin-sync and nothing else. Two releases later the slowest tenth of reads is at 210 milliseconds, and this page explains the road there.', 'Speeding up asset delivery with Python services visual reference 1', '["python-services","python","assets","cdn"]', 1621517866, 1706499192, 1706499192, 1706499192, '2024-02-05', 6, '["backend","performance"]', '["Pick one symptom users can feel","Chart it for the last month","Set a threshold with a reason","Page a person, not a mailbox","Retire two alerts nobody reads"]', '[{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Speeding+up+asset+delivery+with+Python+ser","caption":"Speeding up asset delivery with Python services visual reference 1"},{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001974/1200/630","caption":"Speeding up asset delivery with Python services visual reference 2"},{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Speeding up asset delivery with Python services visual reference 3"},{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Speeding+up+asset+delivery+with+Python","caption":"Speeding up asset delivery with Python services visual reference 4"}]', 'We would start sooner and with less. For Python services on a busy news site, release 7.2.2 is enough; the remaining ideas wait in QUAR-2875.', '[{"heading":"Before release 7.2.2","paragraphs":["On mast-03.us-1 the navigation menu and coral-filter compete for the same 3 cores. The trouble showed for signed-in members first: the slowest tenth of reads moved from 210 to 502 milliseconds after the upgrade. Request 8b75221 crossed 3 hops and lost 1,912 milliseconds at the metrics agent. Even so, a limit close to the page cache is one that a contractor can find in the quiet season.","A partner sent 11,983 extra requests during the import and the tag archive answered some of them with 503. The cache status header kept by a new colleague put the start after lunch, a day after 4.8.19 went out. A support inbox taken on Friday put 3 percent of the wait inside the page cache. Commit 4f35405be had moved the check below the render step, and a thundering herd at expiry followed."],"code":{"language":"Python","text":"from functools import lru_cache\n\n\n@lru_cache(maxsize=256)\ndef load_cabin(version: int) -> dict[str, int]:\n    return {\"version\": version, \"entries\": 40}\n\n\nprint(load_cabin(7))"}},{"heading":"Rolling it out","paragraphs":["The job queue came with release 1.7.3 and was meant to last until the day after. We cached the rendered fragment in src/cabin/mast.py and left everything else alone on Monday. We repeated the replay with 14,614 requests and error rate fell. If you run Python services on a busy news site, begin with /cabin/ridge and make failure visible.","First the support desk compressed the response at the edge; the page cache followed just after a purge. The first check is dull: the slowest tenth of reads has to stay below 307 milliseconds on the article route for 26 minutes. When the audit log and the queue depth chart agree for 2 days, close QUAR-2875."],"code":{"language":"Python","text":"from functools import lru_cache\n\n\n@lru_cache(maxsize=256)\ndef load_cabin(version: int) -> dict[str, int]:\n    return {\"version\": version, \"entries\": 40}\n\n\nprint(load_cabin(7))"}}]');
INSERT INTO article VALUES (1974, 'inside-dune-index-web-shortening-build-time-with-node-js-apis-1974', 'published', 1, 0, 0, '0a79163a442f3d64d94511f8', 'Inside dune-index-web: shortening build time with Node.js APIs', 'The short version: shortening build time paid off for dune-index-web, by about 68 percent on /pilot/apple. The long version has a wrong turn in it, kept here on purpose.', 'Shortening build time with Node.js APIs visual reference 1', '["node-js-apis","javascript","builds","ci"]', 1770894587, 1780100729, 1780100729, 1780100729, '2026-07-18', 0, '["backend","delivery"]', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]', '[{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Shortening+build+time+with+Node.js+API","caption":"Shortening build time with Node.js APIs visual reference 1"}]', 'None of this is specific to dune-index-web. Write down a baseline, pick one route such as /pilot/apple, and give shortening build time an owner.', '[{"heading":"Results","paragraphs":["Of 15 sampled requests, 2 percent ended in 408, all of them on the article route. Check 3.1.2 and 8.20.1 side by side on the article route before trusting either. The numbers from autocannon agreed with the deploy log: throughput halved whenever argon-canvas was slow to answer.","Ask autocannon for the plan again: the connection pool should no longer appear in it. Line 2,314 of the memory chart names cf78e47, a request that spent 2,989 milliseconds waiting for the request handler. As it happens, since argon-canvas retries after 1,215 milliseconds, anything slower than that doubles the work. In other words, the old behaviour returns if config/envoy.toml is restored from a backup older than April."],"code":null},{"heading":"Open questions","paragraphs":["The reasoning is plain: an eager template include costs more than a slow connection pool ever will. The notes, the replay and the slow query log are filed under DUNE-15497. A colder cache after each deploy costs 1,522 milliseconds for the first 48,672 readers. In April we will ask again whether the job queue earns its place.","The alternative was to rewrite the page cache, which a new colleague priced at 13 weeks. A reminder for next time: change one thing, even when the search index looks small. The comment widget still fails stale when the disk is full, and DUNE-15497 tracks that. Once 7.17.18 is everywhere, src/pilot/envoy.js can lose 243 lines."],"code":null}]');
INSERT INTO article VALUES (1975, 'debugging-pearl-silo-sync-a-story-of-testing-restores-from-backup-1975', 'published', 1, 0, 0, '1f1ffed256fd31eaf6df532e', 'Debugging pearl-silo-sync: a story of testing restores from backup', 'We write these pages for the next person on call. This one is about testing restores from backup in pearl-silo-sync, release 4.28.4.', NULL, '["node-js-apis","javascript","backups","restore"]', 1778056514, 1778241323, 1778241323, 1778241323, '2026-05-16', 5, '["backend","operations"]', '["Restore last night''s dump elsewhere","Time it with a stopwatch","Compare row counts table by table","Encrypt what leaves the building","Rehearse with the newest colleague"]', '[]', 'We would start sooner and with less. For Node.js APIs ahead of a seasonal sale, release 4.28.4 is enough; the remaining ideas wait in PEAR-6694.', '[{"heading":"Reading the evidence","paragraphs":["The cause turned out to be a shared rate limit, hidden behind a quiet page cache. Line 493 of the error budget names 6df27b1, a request that spent 45 milliseconds waiting for the render step. We compared 2 runs of ESLint; the spread stayed under 45 milliseconds, small against a gap of 116. The old behaviour returns if config/granary.toml is restored from a backup older than January.","inkwell_granary was read 48,833 times an hour, 81 percent of that for one message broker. For the record, it took 3 hours to find uneven sharding in src/inkwell/granary.js, because the canary pointed at grape-harbor instead. We stopped the request handler on granary-40.eu-2 on purpose, and tail latency settled in the first minute. For the record, in config/granary.toml the key inkwell.retry_limit still carried a value from January, which is how a shared rate limit went unseen. For Node.js APIs the cheap moment to do this is at month end, when 742 requests are in flight and not ten times that.","With the listing query switched off in the admin area, hit ratio dropped within minutes, which ruled out half of the theories. The slow query log kept by the on-call engineer put the start in the last hour, a day after 1.17.22 went out. The default in ESLint assumes a steady cron entry; ahead of a seasonal sale that assumption fails."],"code":{"language":"JavaScript","text":"const http = require(''node:http'');\n\nconst server = http.createServer((request, response) => {\n  response.setHeader(''Cache-Control'', ''public, max-age=60'');\n  response.end(JSON.stringify({ source: ''inkwell'', path: request.url }));\n});\n\nserver.listen(8080);"}},{"heading":"Small steps","paragraphs":["We added an index on granary-40.eu-2 first, since its metrics agent carries 35 percent of the load. The asset bundle got a limit of 217, and whatever exceeds it is answered with 500. On reflection, keeping /inkwell/ember cacheable matters most, as it carries 38 percent of the reads. Personal pages must never enter the login check, so mark them before anything else on the media host.","We delayed the script in src/inkwell/granary.js and left everything else alone on Friday. A limit close to the edge node is one that the on-call engineer can find on Monday. The change was 2 lines: we added an index, then reused the connection. To verify it, run ESLint against /inkwell/ember 8 times and compare memory use with the latency histogram. By default ESLint hides this unless inkwell.retry_limit is set, which largely surprises people. Look for 503 in the latency histogram; more than 2 in an hour means the render step is still small.","Commit f21f91e42 moved the call out of the loop and raised inkwell.retry_limit from 31 to 217. First the support desk added an index for new visitors; the retry loop followed on Monday. We preferred this to a larger machine, because open connections usually depends on a timeout longer than its caller''s and not on size. On reflection, a default pool size is easy to mistake for this; it produces the same access log and needs the opposite remedy."],"code":null},{"heading":"Results","paragraphs":["A replay of 39,403 requests against granary-40.eu-2 reproduced it in 2 minutes. Ask ESLint for the plan again: the DNS resolver should no longer appear in it. Cache entries for /inkwell/ember lived 4 seconds on average, far short of the 22 minutes in config/granary.toml.","One canary is worth quoting: 2 retries, 103 milliseconds each, then 502. In other words, the number is honest but local: granary-40.eu-2 has 7 cores and a stale disk. When the access log and the canary agree for 10 days, close PEAR-6694. Before we touched anything, the slowest tenth of reads stood at 183 milliseconds over 3,101 requests. People forgive a small page; they do not forgive latency that changes from visit to visit.","We repeated the replay with 68,371 requests and throughput fell. Neither the browser timing nor the trace moved on Monday, so the connection pool itself was seldom innocent. Every request that skips the request handler leaves room for one that cannot. We have not tested it above 1,810 requests an hour, and the editors normally doubts the read replica there."],"code":null}]');
INSERT INTO article VALUES (1976, 'what-flint-cabin-sync-taught-us-about-taming-retry-storms-1976', 'published', 1, 0, 0, '2a4ea79ad960a07f64a03376', 'What flint-cabin-sync taught us about taming retry storms', 'We write these pages for the next person on call. This one is about taming retry storms in flint-cabin-sync, release 9.13.2.', NULL, '["node-js-apis","javascript","retries","back-pressure"]', 1745837608, 1774454834, 1774454834, 1774454834, '2026-05-09', 31, '["backend","reliability"]', '["Inventory every credential in use","Issue the replacement early","Accept both for a week","Revoke the old one on camera","Note the next rotation date"]', '[]', 'The gain on /harbor/larch was 58 percent. It will fade if config/cradle.toml drifts, so a reminder is set for December.', '[{"heading":"The shape of the problem","paragraphs":["On cradle-45.us-2 the page cache and raven-bulletin compete for the same 2 cores. Nothing about the retry loop looked wrong in the worker pool, yet 30,906 requests a day took the ragged path. The flame graph kept by the platform team put the start on Monday, a day after 4.10.6 went out. People forgive a small page; they do not forgive bandwidth that changes from visit to visit."],"code":null},{"heading":"Finding the cause","paragraphs":["A replay of 28,041 requests against cradle-45.us-2 reproduced it in 3 minutes. In config/cradle.toml the key harbor.batch_rows still carried a value from December, which is how a cache key that included the session went unseen. Cache entries for /harbor/larch lived 389 seconds on average, far short of the 51 minutes in config/cradle.toml. In other words, we preferred this to a larger machine, because latency nearly always depends on an import that ran twice and not on size. Run it twice: the second import of 495,525 rows must leave harbor_cradle exactly as it was. The lesson we keep repeating is to keep the way back short, and after that to measure before tuning."],"code":null}]');
INSERT INTO article VALUES (1977, 'keeping-staging-honest-a-checklist-that-grew-up-on-pearl-dairy-gateway-1977', 'published', 1, 0, 0, 'dfa8c00d636b3d9e4a9c32b3', 'Keeping staging honest: a checklist that grew up on pearl-dairy-gateway', 'pearl-dairy-gateway belongs to our WordPress plugins, and it runs behind a CDN. This is how keeping staging honest took time to first byte from 2,288 to 1,372 milliseconds, and what it did not fix.', 'Keeping staging honest with WordPress plugins visual reference 1', '["wordpress-plugins","php","staging","environments"]', 1686039870, 1686039870, 1686039870, 1686039870, '2026-02-13', 28, '["publishing","operations"]', '["Run the linter on the diff","Cover the new branch with a unit test","Exercise the integration suite twice","Deploy to staging over lunch","Tag the release and link the ticket"]', '[{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Keeping+staging+honest+with+WordPress+plug","caption":"Keeping staging honest with WordPress plugins visual reference 1"}]', 'We would start sooner and with less. For WordPress plugins behind a CDN, release 8.24.4 is enough; the remaining ideas wait in PEAR-14743.', '[{"heading":"The first 33 minutes","paragraphs":["Release 8.24.4 raised the pool size; release 4.7.3 will remove what it replaced. Check 3.10.0 and 8.24.4 side by side behind the login before trusting either. We stopped the circuit breaker on field-36.sa-1 on purpose, and database load dropped within minutes over the weekend."],"code":null},{"heading":"Things to watch","paragraphs":["One small side effect: the browser timing now counts each retry, so error rate looks worse in the first minute than it is. For the record, if calm-atelier is upgraded before pearl-dairy-gateway, expect 500 for up to 33 minutes. The reasoning is plain: a timeout longer than its caller''s costs more than a fragile page cache ever will."],"code":null}]');
INSERT INTO article_meta VALUES (1968, 0, 'topic', '"speeding up asset delivery / Java platforms"');
INSERT INTO article_meta VALUES (1968, 1, 'summary', '"Notes on speeding up asset delivery in aspen-mast-web, with a baseline of 558 milliseconds, a goal of 446, and the open questions."');
INSERT INTO article_meta VALUES (1968, 2, 'ai outline', '{"context":"with editors publishing all day","problem":"speeding up asset delivery","stack":"Java platforms","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1968, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1968, 4, 'stack', '["Java platforms","backend","Java"]');
INSERT INTO article_meta VALUES (1968, 5, 'tools', '["Maven","JUnit","Flyway","Micrometer","git","logs"]');
INSERT INTO article_meta VALUES (1968, 6, 'code language', '"Java"');
INSERT INTO article_meta VALUES (1968, 7, 'difficulty', '"intermediate"');
INSERT INTO article_meta VALUES (1968, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1968, 9, 'view count', '242');
INSERT INTO article_meta VALUES (1968, 10, 'score', '{"quality":78,"freshness":69,"depth":55,"clarity":75}');
INSERT INTO article_meta VALUES (1968, 11, 'revision', '{"status":"drafted","version":"1.0.0","last reviewed":"2025-12-17"}');
INSERT INTO article_meta VALUES (1968, 12, 'reference', '"anp-ref-001968-6490"');
INSERT INTO article_meta VALUES (1968, 13, 'hash', '"6a8bc7db1819c6627d88b4ba"');
INSERT INTO article_meta VALUES (1968, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":1,"needs human review":1}');
INSERT INTO article_meta VALUES (1968, 15, 'checklist', '["Name who decides on a rollback","Announce the window in one channel","Keep the old version warm","Shift a tenth of the traffic","Close the window in writing"]');
INSERT INTO article_meta VALUES (1968, 16, 'entities', '[{"name":"Java platforms","type":"stack"},{"name":"backend","type":"area"},{"name":"speeding up asset delivery","type":"problem"}]');
INSERT INTO article_meta VALUES (1968, 17, 'image sources', '[{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001968/1200/630","caption":"Speeding up asset delivery with Java platforms visual reference 1"},{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Speeding up asset delivery with Java platforms visual reference 2"},{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Speeding+up+asset+delivery+with+Java+p","caption":"Speeding up asset delivery with Java platforms visual reference 3"},{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Speeding+up+asset+delivery+with+Java+platf","caption":"Speeding up asset delivery with Java platforms visual reference 4"}]');
INSERT INTO article_meta VALUES (1968, 18, 'payload', '{"source id":"alphanode-001968","generator":"anp content synthesizer","paragraphs":5,"scenario":"with editors publishing all day","seed":1968}');
INSERT INTO article_meta VALUES (1968, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1969, 0, 'topic', '"speeding up asset delivery / Python services"');
INSERT INTO article_meta VALUES (1969, 1, 'summary', '"Speeding up asset delivery with Python services on a public documentation portal, told through grape-mill-worker, GRAP-14506 and release 5.6.3."');
INSERT INTO article_meta VALUES (1969, 2, 'ai outline', '{"context":"on a public documentation portal","problem":"speeding up asset delivery","stack":"Python services","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1969, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1969, 4, 'stack', '["Python services","backend","Python"]');
INSERT INTO article_meta VALUES (1969, 5, 'tools', '["FastAPI","pytest","Uvicorn","Ruff","git","logs"]');
INSERT INTO article_meta VALUES (1969, 6, 'code language', '"Python"');
INSERT INTO article_meta VALUES (1969, 7, 'difficulty', '"beginner"');
INSERT INTO article_meta VALUES (1969, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1969, 9, 'view count', '230');
INSERT INTO article_meta VALUES (1969, 10, 'score', '{"quality":92,"freshness":95,"depth":54,"clarity":90}');
INSERT INTO article_meta VALUES (1969, 11, 'revision', '{"status":"expanded","version":"1.0.9","last reviewed":"2026-05-05"}');
INSERT INTO article_meta VALUES (1969, 12, 'reference', '"anp-ref-001969-4693"');
INSERT INTO article_meta VALUES (1969, 13, 'hash', '"f25c419ba83508d017f11895"');
INSERT INTO article_meta VALUES (1969, 14, 'flags', '{"ai generated style":1,"has images":0,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1969, 15, 'checklist', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]');
INSERT INTO article_meta VALUES (1969, 16, 'entities', '[{"name":"Python services","type":"stack"},{"name":"backend","type":"area"},{"name":"speeding up asset delivery","type":"problem"}]');
INSERT INTO article_meta VALUES (1969, 17, 'payload', '{"source id":"alphanode-001969","generator":"anp content synthesizer","paragraphs":4,"scenario":"on a public documentation portal","seed":1969}');
INSERT INTO article_meta VALUES (1969, 18, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1970, 0, 'topic', '"purging stale pages / .NET services"');
INSERT INTO article_meta VALUES (1970, 1, 'summary', '"How rose-bridge-store went about purging stale pages: p95 latency fell from 1,699 to 1,104 milliseconds on /dock/raven, and why it may not for you."');
INSERT INTO article_meta VALUES (1970, 2, 'ai outline', '{"context":"during an infrastructure cost review","problem":"purging stale pages","stack":".NET services","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1970, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1970, 4, 'stack', '[".NET services","backend","C#"]');
INSERT INTO article_meta VALUES (1970, 5, 'tools', '["dotnet-trace","xUnit","Serilog","BenchmarkDotNet","git","logs"]');
INSERT INTO article_meta VALUES (1970, 6, 'code language', '"C#"');
INSERT INTO article_meta VALUES (1970, 7, 'difficulty', '"beginner"');
INSERT INTO article_meta VALUES (1970, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1970, 9, 'view count', '1762');
INSERT INTO article_meta VALUES (1970, 10, 'score', '{"quality":86,"freshness":40,"depth":58,"clarity":87}');
INSERT INTO article_meta VALUES (1970, 11, 'revision', '{"status":"reviewed","version":"1.0.2","last reviewed":"2025-11-15"}');
INSERT INTO article_meta VALUES (1970, 12, 'reference', '"anp-ref-001970-5256"');
INSERT INTO article_meta VALUES (1970, 13, 'hash', '"ac058c69f0ab835782fa6ab8"');
INSERT INTO article_meta VALUES (1970, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1970, 15, 'checklist', '["Run the linter on the diff","Cover the new branch with a unit test","Exercise the integration suite twice","Deploy to staging over lunch","Tag the release and link the ticket"]');
INSERT INTO article_meta VALUES (1970, 16, 'entities', '[{"name":".NET services","type":"stack"},{"name":"backend","type":"area"},{"name":"purging stale pages","type":"problem"}]');
INSERT INTO article_meta VALUES (1970, 17, 'image sources', '[{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Purging+stale+pages+with+.NET+services","caption":"Purging stale pages with .NET services visual reference 1"}]');
INSERT INTO article_meta VALUES (1970, 18, 'payload', '{"source id":"alphanode-001970","generator":"anp content synthesizer","paragraphs":6,"scenario":"during an infrastructure cost review","seed":1970}');
INSERT INTO article_meta VALUES (1970, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1971, 0, 'topic', '"purging stale pages / Python services"');
INSERT INTO article_meta VALUES (1971, 1, 'summary', '"Purging stale pages with Python services behind a CDN, told through pearl-kiln-store, PEAR-962 and release 4.16.9."');
INSERT INTO article_meta VALUES (1971, 2, 'ai outline', '{"context":"behind a CDN","problem":"purging stale pages","stack":"Python services","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1971, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1971, 4, 'stack', '["Python services","backend","Python"]');
INSERT INTO article_meta VALUES (1971, 5, 'tools', '["FastAPI","pytest","Uvicorn","Ruff","git","logs"]');
INSERT INTO article_meta VALUES (1971, 6, 'code language', '"Python"');
INSERT INTO article_meta VALUES (1971, 7, 'difficulty', '"beginner"');
INSERT INTO article_meta VALUES (1971, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1971, 9, 'view count', '485');
INSERT INTO article_meta VALUES (1971, 10, 'score', '{"quality":75,"freshness":90,"depth":53,"clarity":70}');
INSERT INTO article_meta VALUES (1971, 11, 'revision', '{"status":"expanded","version":"1.1.2","last reviewed":"2025-12-29"}');
INSERT INTO article_meta VALUES (1971, 12, 'reference', '"anp-ref-001971-6783"');
INSERT INTO article_meta VALUES (1971, 13, 'hash', '"b7e2b98b4433598a7b1fe33f"');
INSERT INTO article_meta VALUES (1971, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":0,"needs human review":1}');
INSERT INTO article_meta VALUES (1971, 15, 'checklist', '["Name who decides on a rollback","Announce the window in one channel","Keep the old version warm","Shift a tenth of the traffic","Close the window in writing"]');
INSERT INTO article_meta VALUES (1971, 16, 'entities', '[{"name":"Python services","type":"stack"},{"name":"backend","type":"area"},{"name":"purging stale pages","type":"problem"}]');
INSERT INTO article_meta VALUES (1971, 17, 'image sources', '[{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Purging stale pages with Python services visual reference 1"}]');
INSERT INTO article_meta VALUES (1971, 18, 'payload', '{"source id":"alphanode-001971","generator":"anp content synthesizer","paragraphs":4,"scenario":"behind a CDN","seed":1971}');
INSERT INTO article_meta VALUES (1971, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1972, 0, 'topic', '"speeding up asset delivery / Node.js APIs"');
INSERT INTO article_meta VALUES (1972, 1, 'summary', '"Speeding up asset delivery with Node.js APIs after an acquisition, told through garnet-field-api, GARN-2240 and release 2.11.0."');
INSERT INTO article_meta VALUES (1972, 2, 'ai outline', '{"context":"after an acquisition","problem":"speeding up asset delivery","stack":"Node.js APIs","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1972, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1972, 4, 'stack', '["Node.js APIs","backend","JavaScript"]');
INSERT INTO article_meta VALUES (1972, 5, 'tools', '["Express","npm","autocannon","ESLint","git","logs"]');
INSERT INTO article_meta VALUES (1972, 6, 'code language', '"JavaScript"');
INSERT INTO article_meta VALUES (1972, 7, 'difficulty', '"intermediate"');
INSERT INTO article_meta VALUES (1972, 8, 'reading time', '3');
INSERT INTO article_meta VALUES (1972, 9, 'view count', '220');
INSERT INTO article_meta VALUES (1972, 10, 'score', '{"quality":85,"freshness":90,"depth":62,"clarity":83}');
INSERT INTO article_meta VALUES (1972, 11, 'revision', '{"status":"reviewed","version":"1.0.1","last reviewed":"2026-03-04"}');
INSERT INTO article_meta VALUES (1972, 12, 'reference', '"anp-ref-001972-8937"');
INSERT INTO article_meta VALUES (1972, 13, 'hash', '"345d883cc09f00309a835b29"');
INSERT INTO article_meta VALUES (1972, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1972, 15, 'checklist', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]');
INSERT INTO article_meta VALUES (1972, 16, 'entities', '[{"name":"Node.js APIs","type":"stack"},{"name":"backend","type":"area"},{"name":"speeding up asset delivery","type":"problem"}]');
INSERT INTO article_meta VALUES (1972, 17, 'image sources', '[{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001972/1200/630","caption":"Speeding up asset delivery with Node.js APIs visual reference 1"}]');
INSERT INTO article_meta VALUES (1972, 18, 'payload', '{"source id":"alphanode-001972","generator":"anp content synthesizer","paragraphs":8,"scenario":"after an acquisition","seed":1972}');
INSERT INTO article_meta VALUES (1972, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1973, 0, 'topic', '"speeding up asset delivery / Python services"');
INSERT INTO article_meta VALUES (1973, 1, 'summary', '"How quartz-bulletin-sync went about speeding up asset delivery: the slowest tenth of reads fell from 502 to 210 milliseconds on /cabin/ridge, and why it may not for you."');
INSERT INTO article_meta VALUES (1973, 2, 'ai outline', '{"context":"on a busy news site","problem":"speeding up asset delivery","stack":"Python services","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1973, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1973, 4, 'stack', '["Python services","backend","Python"]');
INSERT INTO article_meta VALUES (1973, 5, 'tools', '["FastAPI","pytest","Uvicorn","Ruff","git","logs"]');
INSERT INTO article_meta VALUES (1973, 6, 'code language', '"Python"');
INSERT INTO article_meta VALUES (1973, 7, 'difficulty', '"beginner"');
INSERT INTO article_meta VALUES (1973, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1973, 9, 'view count', '211');
INSERT INTO article_meta VALUES (1973, 10, 'score', '{"quality":79,"freshness":69,"depth":55,"clarity":91}');
INSERT INTO article_meta VALUES (1973, 11, 'revision', '{"status":"updated","version":"1.0.4","last reviewed":"2024-02-05"}');
INSERT INTO article_meta VALUES (1973, 12, 'reference', '"anp-ref-001973-1096"');
INSERT INTO article_meta VALUES (1973, 13, 'hash', '"33fef146cb67b94930b83a60"');
INSERT INTO article_meta VALUES (1973, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":1,"needs human review":1}');
INSERT INTO article_meta VALUES (1973, 15, 'checklist', '["Pick one symptom users can feel","Chart it for the last month","Set a threshold with a reason","Page a person, not a mailbox","Retire two alerts nobody reads"]');
INSERT INTO article_meta VALUES (1973, 16, 'entities', '[{"name":"Python services","type":"stack"},{"name":"backend","type":"area"},{"name":"speeding up asset delivery","type":"problem"}]');
INSERT INTO article_meta VALUES (1973, 17, 'image sources', '[{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Speeding+up+asset+delivery+with+Python+ser","caption":"Speeding up asset delivery with Python services visual reference 1"},{"source":"picsum.photos","url":"https://picsum.photos/seed/anp-001974/1200/630","caption":"Speeding up asset delivery with Python services visual reference 2"},{"source":"unsplash","url":"https://images.unsplash.com/photo-1555949963-aa79dcee981c?auto=format&fit=crop&w=1200&q=80","caption":"Speeding up asset delivery with Python services visual reference 3"},{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Speeding+up+asset+delivery+with+Python","caption":"Speeding up asset delivery with Python services visual reference 4"}]');
INSERT INTO article_meta VALUES (1973, 18, 'payload', '{"source id":"alphanode-001973","generator":"anp content synthesizer","paragraphs":5,"scenario":"on a busy news site","seed":1973}');
INSERT INTO article_meta VALUES (1973, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1974, 0, 'topic', '"shortening build time / Node.js APIs"');
INSERT INTO article_meta VALUES (1974, 1, 'summary', '"Shortening build time with Node.js APIs behind a CDN, told through dune-index-web, DUNE-15497 and release 8.20.1."');
INSERT INTO article_meta VALUES (1974, 2, 'ai outline', '{"context":"behind a CDN","problem":"shortening build time","stack":"Node.js APIs","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1974, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1974, 4, 'stack', '["Node.js APIs","backend","JavaScript"]');
INSERT INTO article_meta VALUES (1974, 5, 'tools', '["Express","npm","autocannon","ESLint","git","logs"]');
INSERT INTO article_meta VALUES (1974, 6, 'code language', '"JavaScript"');
INSERT INTO article_meta VALUES (1974, 7, 'difficulty', '"advanced"');
INSERT INTO article_meta VALUES (1974, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1974, 9, 'view count', '205');
INSERT INTO article_meta VALUES (1974, 10, 'score', '{"quality":98,"freshness":97,"depth":54,"clarity":95}');
INSERT INTO article_meta VALUES (1974, 11, 'revision', '{"status":"reviewed","version":"1.0.1","last reviewed":"2026-07-18"}');
INSERT INTO article_meta VALUES (1974, 12, 'reference', '"anp-ref-001974-1768"');
INSERT INTO article_meta VALUES (1974, 13, 'hash', '"0a79163a442f3d64d94511f8"');
INSERT INTO article_meta VALUES (1974, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1974, 15, 'checklist', '["Pin every dependency with a hash","Upgrade one major version per week","Read the changelog aloud to someone","Run yesterday''s traffic through it","Delete the workaround it replaces"]');
INSERT INTO article_meta VALUES (1974, 16, 'entities', '[{"name":"Node.js APIs","type":"stack"},{"name":"backend","type":"area"},{"name":"shortening build time","type":"problem"}]');
INSERT INTO article_meta VALUES (1974, 17, 'image sources', '[{"source":"dummyimage.com","url":"https://dummyimage.com/1200x630/111827/ffffff.png&text=Shortening+build+time+with+Node.js+API","caption":"Shortening build time with Node.js APIs visual reference 1"}]');
INSERT INTO article_meta VALUES (1974, 18, 'payload', '{"source id":"alphanode-001974","generator":"anp content synthesizer","paragraphs":5,"scenario":"behind a CDN","seed":1974}');
INSERT INTO article_meta VALUES (1974, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1975, 0, 'topic', '"testing restores from backup / Node.js APIs"');
INSERT INTO article_meta VALUES (1975, 1, 'summary', '"Testing restores from backup with Node.js APIs ahead of a seasonal sale, told through pearl-silo-sync, PEAR-6694 and release 4.28.4."');
INSERT INTO article_meta VALUES (1975, 2, 'ai outline', '{"context":"ahead of a seasonal sale","problem":"testing restores from backup","stack":"Node.js APIs","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1975, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1975, 4, 'stack', '["Node.js APIs","backend","JavaScript"]');
INSERT INTO article_meta VALUES (1975, 5, 'tools', '["Express","npm","autocannon","ESLint","git","logs"]');
INSERT INTO article_meta VALUES (1975, 6, 'code language', '"JavaScript"');
INSERT INTO article_meta VALUES (1975, 7, 'difficulty', '"beginner"');
INSERT INTO article_meta VALUES (1975, 8, 'reading time', '4');
INSERT INTO article_meta VALUES (1975, 9, 'view count', '854');
INSERT INTO article_meta VALUES (1975, 10, 'score', '{"quality":94,"freshness":97,"depth":67,"clarity":94}');
INSERT INTO article_meta VALUES (1975, 11, 'revision', '{"status":"updated","version":"1.0.3","last reviewed":"2026-05-16"}');
INSERT INTO article_meta VALUES (1975, 12, 'reference', '"anp-ref-001975-6046"');
INSERT INTO article_meta VALUES (1975, 13, 'hash', '"1f1ffed256fd31eaf6df532e"');
INSERT INTO article_meta VALUES (1975, 14, 'flags', '{"ai generated style":1,"has images":0,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1975, 15, 'checklist', '["Restore last night''s dump elsewhere","Time it with a stopwatch","Compare row counts table by table","Encrypt what leaves the building","Rehearse with the newest colleague"]');
INSERT INTO article_meta VALUES (1975, 16, 'entities', '[{"name":"Node.js APIs","type":"stack"},{"name":"backend","type":"area"},{"name":"testing restores from backup","type":"problem"}]');
INSERT INTO article_meta VALUES (1975, 17, 'payload', '{"source id":"alphanode-001975","generator":"anp content synthesizer","paragraphs":10,"scenario":"ahead of a seasonal sale","seed":1975}');
INSERT INTO article_meta VALUES (1975, 18, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1976, 0, 'topic', '"taming retry storms / Node.js APIs"');
INSERT INTO article_meta VALUES (1976, 1, 'summary', '"A report by the insights team on taming retry storms: cause, change, rollout and the 58 percent gained on /harbor/larch."');
INSERT INTO article_meta VALUES (1976, 2, 'ai outline', '{"context":"on one modest virtual machine","problem":"taming retry storms","stack":"Node.js APIs","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1976, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1976, 4, 'stack', '["Node.js APIs","backend","JavaScript"]');
INSERT INTO article_meta VALUES (1976, 5, 'tools', '["Express","npm","autocannon","ESLint","git","logs"]');
INSERT INTO article_meta VALUES (1976, 6, 'code language', '"JavaScript"');
INSERT INTO article_meta VALUES (1976, 7, 'difficulty', '"intermediate"');
INSERT INTO article_meta VALUES (1976, 8, 'reading time', '2');
INSERT INTO article_meta VALUES (1976, 9, 'view count', '186');
INSERT INTO article_meta VALUES (1976, 10, 'score', '{"quality":85,"freshness":95,"depth":52,"clarity":95}');
INSERT INTO article_meta VALUES (1976, 11, 'revision', '{"status":"reviewed","version":"1.0.1","last reviewed":"2026-05-09"}');
INSERT INTO article_meta VALUES (1976, 12, 'reference', '"anp-ref-001976-9550"');
INSERT INTO article_meta VALUES (1976, 13, 'hash', '"2a4ea79ad960a07f64a03376"');
INSERT INTO article_meta VALUES (1976, 14, 'flags', '{"ai generated style":1,"has images":0,"image heavy":0,"needs human review":0}');
INSERT INTO article_meta VALUES (1976, 15, 'checklist', '["Inventory every credential in use","Issue the replacement early","Accept both for a week","Revoke the old one on camera","Note the next rotation date"]');
INSERT INTO article_meta VALUES (1976, 16, 'entities', '[{"name":"Node.js APIs","type":"stack"},{"name":"backend","type":"area"},{"name":"taming retry storms","type":"problem"}]');
INSERT INTO article_meta VALUES (1976, 17, 'payload', '{"source id":"alphanode-001976","generator":"anp content synthesizer","paragraphs":3,"scenario":"on one modest virtual machine","seed":1976}');
INSERT INTO article_meta VALUES (1976, 18, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_meta VALUES (1977, 0, 'topic', '"keeping staging honest / WordPress plugins"');
INSERT INTO article_meta VALUES (1977, 1, 'summary', '"How pearl-dairy-gateway went about keeping staging honest: time to first byte fell from 2,288 to 1,372 milliseconds on /chorus/atlas, and why it may not for you."');
INSERT INTO article_meta VALUES (1977, 2, 'ai outline', '{"context":"behind a CDN","problem":"keeping staging honest","stack":"WordPress plugins","recommended action":"Take a baseline, move one thing, keep the evidence"}');
INSERT INTO article_meta VALUES (1977, 3, 'ai brief', '"Written in the manner of a patient engineering draft: it gives reasons before commands, names what to check, and does not claim that any one setting suits every site."');
INSERT INTO article_meta VALUES (1977, 4, 'stack', '["WordPress plugins","publishing","PHP"]');
INSERT INTO article_meta VALUES (1977, 5, 'tools', '["WP-CLI","Composer","PHPUnit","PHPStan","git","logs"]');
INSERT INTO article_meta VALUES (1977, 6, 'code language', '"PHP"');
INSERT INTO article_meta VALUES (1977, 7, 'difficulty', '"advanced"');
INSERT INTO article_meta VALUES (1977, 8, 'reading time', '1');
INSERT INTO article_meta VALUES (1977, 9, 'view count', '270');
INSERT INTO article_meta VALUES (1977, 10, 'score', '{"quality":77,"freshness":61,"depth":50,"clarity":89}');
INSERT INTO article_meta VALUES (1977, 11, 'revision', '{"status":"drafted","version":"1.0.0","last reviewed":"2026-02-13"}');
INSERT INTO article_meta VALUES (1977, 12, 'reference', '"anp-ref-001977-7235"');
INSERT INTO article_meta VALUES (1977, 13, 'hash', '"dfa8c00d636b3d9e4a9c32b3"');
INSERT INTO article_meta VALUES (1977, 14, 'flags', '{"ai generated style":1,"has images":1,"image heavy":0,"needs human review":1}');
INSERT INTO article_meta VALUES (1977, 15, 'checklist', '["Run the linter on the diff","Cover the new branch with a unit test","Exercise the integration suite twice","Deploy to staging over lunch","Tag the release and link the ticket"]');
INSERT INTO article_meta VALUES (1977, 16, 'entities', '[{"name":"WordPress plugins","type":"stack"},{"name":"publishing","type":"area"},{"name":"keeping staging honest","type":"problem"}]');
INSERT INTO article_meta VALUES (1977, 17, 'image sources', '[{"source":"placehold.co","url":"https://placehold.co/1200x630/png?text=Keeping+staging+honest+with+WordPress+plug","caption":"Keeping staging honest with WordPress plugins visual reference 1"}]');
INSERT INTO article_meta VALUES (1977, 18, 'payload', '{"source id":"alphanode-001977","generator":"anp content synthesizer","paragraphs":3,"scenario":"behind a CDN","seed":1977}');
INSERT INTO article_meta VALUES (1977, 19, 'notes', '["Lists and maps in this box are real nested values, so a theme has to walk them","Views, scores and dates are invented; they exist to give the database something to carry","The whole page is test content and belongs behind a noindex rule"]');
INSERT INTO article_term VALUES ('category', 'backend', 1706516617, 1968);
INSERT INTO article_term VALUES ('category', 'performance', 1706516617, 1968);
INSERT INTO article_term VALUES ('tag', 'assets', 1706516617, 1968);
INSERT INTO article_term VALUES ('tag', 'cdn', 1706516617, 1968);
INSERT INTO article_term VALUES ('tag', 'java', 1706516617, 1968);
INSERT INTO article_term VALUES ('tag', 'java-platforms', 1706516617, 1968);
INSERT INTO article_term VALUES ('category', 'backend', 1758534698, 1969);
INSERT INTO article_term VALUES ('category', 'performance', 1758534698, 1969);
INSERT INTO article_term VALUES ('tag', 'assets', 1758534698, 1969);
INSERT INTO article_term VALUES ('tag', 'cdn', 1758534698, 1969);
INSERT INTO article_term VALUES ('tag', 'python', 1758534698, 1969);
INSERT INTO article_term VALUES ('tag', 'python-services', 1758534698, 1969);
INSERT INTO article_term VALUES ('category', 'backend', 1630439772, 1970);
INSERT INTO article_term VALUES ('category', 'caching', 1630439772, 1970);
INSERT INTO article_term VALUES ('tag', 'c-sharp', 1630439772, 1970);
INSERT INTO article_term VALUES ('tag', 'net-services', 1630439772, 1970);
INSERT INTO article_term VALUES ('tag', 'page-cache', 1630439772, 1970);
INSERT INTO article_term VALUES ('tag', 'purge', 1630439772, 1970);
INSERT INTO article_term VALUES ('category', 'backend', 1690207266, 1971);
INSERT INTO article_term VALUES ('category', 'caching', 1690207266, 1971);
INSERT INTO article_term VALUES ('tag', 'page-cache', 1690207266, 1971);
INSERT INTO article_term VALUES ('tag', 'purge', 1690207266, 1971);
INSERT INTO article_term VALUES ('tag', 'python', 1690207266, 1971);
INSERT INTO article_term VALUES ('tag', 'python-services', 1690207266, 1971);
INSERT INTO article_term VALUES ('category', 'backend', 1629451978, 1972);
INSERT INTO article_term VALUES ('category', 'performance', 1629451978, 1972);
INSERT INTO article_term VALUES ('tag', 'assets', 1629451978, 1972);
INSERT INTO article_term VALUES ('tag', 'cdn', 1629451978, 1972);
INSERT INTO article_term VALUES ('tag', 'javascript', 1629451978, 1972);
INSERT INTO article_term VALUES ('tag', 'node-js-apis', 1629451978, 1972);
INSERT INTO article_term VALUES ('category', 'backend', 1621517866, 1973);
INSERT INTO article_term VALUES ('category', 'performance', 1621517866, 1973);
INSERT INTO article_term VALUES ('tag', 'assets', 1621517866, 1973);
INSERT INTO article_term VALUES ('tag', 'cdn', 1621517866, 1973);
INSERT INTO article_term VALUES ('tag', 'python', 1621517866, 1973);
INSERT INTO article_term VALUES ('tag', 'python-services', 1621517866, 1973);
INSERT INTO article_term VALUES ('category', 'backend', 1770894587, 1974);
INSERT INTO article_term VALUES ('category', 'delivery', 1770894587, 1974);
INSERT INTO article_term VALUES ('tag', 'builds', 1770894587, 1974);
INSERT INTO article_term VALUES ('tag', 'ci', 1770894587, 1974);
INSERT INTO article_term VALUES ('tag', 'javascript', 1770894587, 1974);
INSERT INTO article_term VALUES ('tag', 'node-js-apis', 1770894587, 1974);
INSERT INTO article_term VALUES ('category', 'backend', 1778056514, 1975);
INSERT INTO article_term VALUES ('category', 'operations', 1778056514, 1975);
INSERT INTO article_term VALUES ('tag', 'backups', 1778056514, 1975);
INSERT INTO article_term VALUES ('tag', 'javascript', 1778056514, 1975);
INSERT INTO article_term VALUES ('tag', 'node-js-apis', 1778056514, 1975);
INSERT INTO article_term VALUES ('tag', 'restore', 1778056514, 1975);
INSERT INTO article_term VALUES ('category', 'backend', 1745837608, 1976);
INSERT INTO article_term VALUES ('category', 'reliability', 1745837608, 1976);
INSERT INTO article_term VALUES ('tag', 'back-pressure', 1745837608, 1976);
INSERT INTO article_term VALUES ('tag', 'javascript', 1745837608, 1976);
INSERT INTO article_term VALUES ('tag', 'node-js-apis', 1745837608, 1976);
INSERT INTO article_term VALUES ('tag', 'retries', 1745837608, 1976);
INSERT INTO article_term VALUES ('category', 'operations', 1686039870, 1977);
INSERT INTO article_term VALUES ('category', 'publishing', 1686039870, 1977);
INSERT INTO article_term VALUES ('tag', 'environments', 1686039870, 1977);
INSERT INTO article_term VALUES ('tag', 'php', 1686039870, 1977);
INSERT INTO article_term VALUES ('tag', 'staging', 1686039870, 1977);
INSERT INTO article_term VALUES ('tag', 'wordpress-plugins', 1686039870, 1977);
INSERT INTO similar_article VALUES (1969, 0, 1968);
INSERT INTO similar_article VALUES (1970, 0, 1968);
INSERT INTO similar_article VALUES (1970, 1, 1969);
INSERT INTO similar_article VALUES (1971, 0, 1970);
INSERT INTO similar_article VALUES (1971, 1, 1968);
INSERT INTO similar_article VALUES (1972, 0, 1971);
INSERT INTO similar_article VALUES (1972, 1, 1968);
INSERT INTO similar_article VALUES (1972, 2, 1969);
INSERT INTO similar_article VALUES (1973, 0, 1968);
INSERT INTO similar_article VALUES (1973, 1, 1969);
INSERT INTO similar_article VALUES (1974, 0, 1973);
INSERT INTO similar_article VALUES (1974, 1, 1972);
INSERT INTO similar_article VALUES (1974, 2, 1968);
INSERT INTO similar_article VALUES (1974, 3, 1970);
INSERT INTO similar_article VALUES (1975, 0, 1968);
INSERT INTO similar_article VALUES (1975, 1, 1972);
INSERT INTO similar_article VALUES (1976, 0, 1969);
INSERT INTO similar_article VALUES (1976, 1, 1971);
INSERT INTO similar_article VALUES (1976, 2, 1968);
INSERT INTO similar_article VALUES (1977, 0, 1971);
INSERT INTO similar_article VALUES (1977, 1, 1970);
INSERT INTO similar_article VALUES (1977, 2, 1975);
INSERT INTO similar_article VALUES (1977, 3, 1968);
INSERT INTO member VALUES ('m000000', 'yarrow0', 'Zoe Fleming', 'yarrow0@members.example', 'editor', '$argon2id$v=19$m=19456,t=2,p=1$NIy6agWHk5BTd5STvGJNzg$tHlK4Xpre0b6eqoRctWneFyK56hCu4W5yyhDnTk/Nsg');
INSERT INTO member VALUES ('m000001', 'river1', 'Jonathan Hall', 'river1@members.example', 'reader', '$argon2id$v=19$m=19456,t=2,p=1$3bvSo9XwgSE7IMSihKODDw$F3Qg35iCfxhfjkrZWFV//gv/btn4Qlr6L/CG8Y1rhf4');
INSERT INTO reading_list VALUES ('m000000', 2, 1969);
INSERT INTO reading_list VALUES ('m000001', 1, 1970);
INSERT INTO reading_list VALUES ('m000000', 1, 1971);
INSERT INTO reading_list VALUES ('m000001', 4, 1971);
INSERT INTO reading_list VALUES ('m000001', 0, 1972);
INSERT INTO reading_list VALUES ('m000000', 4, 1973);
INSERT INTO reading_list VALUES ('m000001', 2, 1973);
INSERT INTO reading_list VALUES ('m000000', 3, 1974);
INSERT INTO reading_list VALUES ('m000000', 0, 1977);
INSERT INTO reading_list VALUES ('m000001', 3, 1977);
INSERT INTO session VALUES (X'E2695F79C60BE38C9991F6FE94F57CB7189A71A29F7D9BB1851D68151B60F74A', 'm000001', 4102444800);
INSERT INTO article_search (rowid, title, summary, body, topic)
SELECT t.id, t.title, t.summary, t.body, t.topic FROM article AS a JOIN article_text AS t USING (id)
WHERE a.status = 'published' ORDER BY a.id;
ANALYZE;
