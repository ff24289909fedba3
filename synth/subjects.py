"""What articles are about: stacks, problems, scenarios and checklists, shared by both profiles.

Names stand in natural case; the classic profile lower-cases them. Every snippet parses in its language and is
about the same noun, `SNIPPET_NOUN`, which the natural profile swaps for a noun of its own. There is one object for each
subject, so that they are told apart, and looked up, by identity.
"""

from __future__ import annotations

from dataclasses import dataclass

SNIPPET_NOUN = "catalog"


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A technology that articles are written about.

    Attributes:
        area: The kind of work it belongs to, lower-case; also a category.
        tools: Four tools of the trade; every article adds git and logs.
        snippet: A short program in ``language``, with no blank line at either end.
    """

    name: str
    area: str
    language: str
    tools: tuple[str, str, str, str]
    snippet: str


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What goes wrong: a gerund phrase, the category it files under, and two tags."""

    phrase: str
    category: str
    tags: tuple[str, str]


STACKS = (
    Stack(
        "Python services",
        "backend",
        "Python",
        ("FastAPI", "pytest", "Uvicorn", "Ruff"),
        """from functools import lru_cache


@lru_cache(maxsize=256)
def load_catalog(version: int) -> dict[str, int]:
    return {"version": version, "entries": 40}


print(load_catalog(7))""",
    ),
    Stack(
        "Node.js APIs",
        "backend",
        "JavaScript",
        ("Express", "npm", "autocannon", "ESLint"),
        """const http = require('node:http');

const server = http.createServer((request, response) => {
  response.setHeader('Cache-Control', 'public, max-age=60');
  response.end(JSON.stringify({ source: 'catalog', path: request.url }));
});

server.listen(8080);""",
    ),
    Stack(
        "WordPress plugins",
        "publishing",
        "PHP",
        ("WP-CLI", "Composer", "PHPUnit", "PHPStan"),
        """<?php
add_action('save_post', function (int $id): void {
    wp_cache_delete("catalog_$id", 'pages');
});

add_filter('the_content', function (string $html): string {
    return is_singular() ? $html : wp_trim_words($html, 40);
});""",
    ),
    Stack(
        "PostgreSQL databases",
        "data",
        "SQL",
        ("psql", "pgbench", "pgBouncer", "pg_stat_statements"),
        """CREATE INDEX CONCURRENTLY IF NOT EXISTS catalog_by_day
    ON catalog (created_on DESC, id)
    WHERE archived = false;

EXPLAIN (ANALYZE, BUFFERS)
SELECT id, title FROM catalog
WHERE archived = false
ORDER BY created_on DESC LIMIT 20;""",
    ),
    Stack(
        "TypeScript frontends",
        "frontend",
        "TypeScript",
        ("Vite", "React", "Playwright", "Lighthouse"),
        """type Entry = { id: number; title: string };

export async function catalog(signal?: AbortSignal): Promise<Entry[]> {
  const answer = await fetch('/api/entries?limit=20', { signal });
  if (!answer.ok) {
    throw new Error(`entries failed with ${answer.status}`);
  }
  return (await answer.json()) as Entry[];
}""",
    ),
    Stack(
        "Kubernetes clusters",
        "infrastructure",
        "YAML",
        ("kubectl", "Helm", "Kustomize", "Prometheus"),
        """apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: catalog
spec:
  minAvailable: 2
  selector:
    matchLabels:
      app: catalog""",
    ),
    Stack(
        "Go services",
        "backend",
        "Go",
        ("pprof", "Delve", "golangci-lint", "benchstat"),
        """package main

import (
	"log"
	"net/http"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("/catalog/", http.TimeoutHandler(http.FileServer(http.Dir(".")), 2*time.Second, "busy"))
	log.Fatal(http.ListenAndServe(":8080", mux))
}""",
    ),
    Stack(
        "nginx edges",
        "infrastructure",
        "nginx",
        ("nginx", "curl", "Certbot", "GoAccess"),
        """location /catalog/ {
    proxy_pass http://upstream_pool;
    proxy_cache pages;
    proxy_cache_valid 200 60s;
    proxy_cache_bypass $cookie_member;
    add_header X-Cache $upstream_cache_status always;
}""",
    ),
    Stack(
        "Java platforms",
        "backend",
        "Java",
        ("Maven", "JUnit", "Flyway", "Micrometer"),
        """import java.time.Duration;
import java.util.concurrent.Semaphore;

final class CatalogGate {
    static final Duration PATIENCE = Duration.ofMillis(250);
    private final Semaphore seats = new Semaphore(32);

    boolean tryEnter() throws InterruptedException {
        return seats.tryAcquire(PATIENCE.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
    }
}""",
    ),
    Stack(
        "shell scripts",
        "operations",
        "Bash",
        ("ShellCheck", "systemd", "rsync", "cron"),
        """set -euo pipefail

stamp=$(date -u +%Y%m%dT%H%M%SZ)
target="/srv/backup/catalog-$stamp.tar.gz"

tar -czf "$target.part" -C /srv/catalog .
mv "$target.part" "$target"
find /srv/backup -name 'catalog-*.tar.gz' -mtime +14 -delete""",
    ),
    Stack(
        "Ruby on Rails apps",
        "backend",
        "Ruby",
        ("Bundler", "RSpec", "RuboCop", "Sidekiq"),
        """class CatalogController < ApplicationController
  def show
    entry = Entry.find(params[:id])
    return unless stale?(etag: entry, last_modified: entry.updated_at)

    render json: entry.slice(:id, :title)
  end
end""",
    ),
    Stack(
        "search clusters",
        "data",
        "JSON",
        ("OpenSearch", "jq", "Vector", "k6"),
        """{
  "index": "catalog",
  "size": 20,
  "query": {"bool": {"filter": [{"term": {"archived": false}}], "must": [{"match": {"title": "release"}}]}},
  "sort": [{"published": "desc"}, {"id": "asc"}]
}""",
    ),
    Stack(
        "Rust workers",
        "systems",
        "Rust",
        ("Cargo", "Clippy", "Tokio", "Criterion"),
        """use std::collections::HashMap;

fn main() {
    let mut catalog: HashMap<u64, &str> = HashMap::new();
    catalog.insert(7, "ready");
    for (id, state) in &catalog {
        println!("{id}: {state}");
    }
}""",
    ),
    Stack(
        "Terraform modules",
        "infrastructure",
        "HCL",
        ("Terraform", "TFLint", "Checkov", "Terragrunt"),
        """resource "aws_cloudfront_cache_policy" "catalog" {
  name        = "catalog-pages"
  min_ttl     = 0
  default_ttl = 60
  max_ttl     = 3600

  parameters_in_cache_key_and_forwarded_to_origin {
    cookies_config { cookie_behavior = "none" }
    headers_config { header_behavior = "none" }
    query_strings_config { query_string_behavior = "all" }
  }
}""",
    ),
    Stack(
        ".NET services",
        "backend",
        "C#",
        ("dotnet-trace", "xUnit", "Serilog", "BenchmarkDotNet"),
        """var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOutputCache(options => options.DefaultExpirationTimeSpan = TimeSpan.FromSeconds(60));

var app = builder.Build();
app.UseOutputCache();
app.MapGet("/catalog/{id:int}", (int id) => Results.Ok(new { id, state = "ready" })).CacheOutput();
app.Run();""",
    ),
    Stack(
        "design systems",
        "frontend",
        "CSS",
        ("Stylelint", "Storybook", "PostCSS", "axe"),
        """.catalog {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr));
  gap: 1.5rem;
  content-visibility: auto;
}

.catalog > img {
  aspect-ratio: 40 / 21;
  width: 100%;
}""",
    ),
)

PROBLEMS = (
    Problem("speeding up asset delivery", "performance", ("assets", "cdn")),
    Problem("shortening build time", "delivery", ("builds", "ci")),
    Problem("rehearsing safer deployments", "delivery", ("deployment", "rollback")),
    Problem("keeping staging honest", "operations", ("staging", "environments")),
    Problem("cutting cold start latency", "performance", ("latency", "startup")),
    Problem("tracing slow requests", "observability", ("tracing", "latency")),
    Problem("warming the page cache", "caching", ("page-cache", "warm-up")),
    Problem("purging stale pages", "caching", ("purge", "page-cache")),
    Problem("rotating secrets without downtime", "security", ("secrets", "rotation")),
    Problem("sizing connection pools", "performance", ("connections", "capacity")),
    Problem("taming retry storms", "reliability", ("retries", "back-pressure")),
    Problem("splitting a growing monolith", "architecture", ("monolith", "boundaries")),
    Problem("paging through large listings", "performance", ("pagination", "queries")),
    Problem("migrating schemas online", "data", ("migrations", "schema")),
    Problem("finding missing indexes", "data", ("indexes", "queries")),
    Problem("making imports repeatable", "data", ("imports", "idempotence")),
    Problem("draining workers cleanly", "reliability", ("workers", "shutdown")),
    Problem("limiting noisy clients", "reliability", ("rate-limits", "fairness")),
    Problem("trimming log volume", "observability", ("logs", "cost")),
    Problem("alerting on symptoms", "observability", ("alerts", "on-call")),
    Problem("testing restores from backup", "operations", ("backups", "restore")),
    Problem("upgrading old dependencies", "maintenance", ("dependencies", "upgrades")),
    Problem("removing dead feature flags", "maintenance", ("feature-flags", "cleanup")),
    Problem("hardening upload handling", "security", ("uploads", "validation")),
    Problem("protecting login forms", "security", ("login", "abuse")),
    Problem("serving images at the right size", "performance", ("images", "bandwidth")),
    Problem("keeping search results fresh", "search", ("indexing", "freshness")),
    Problem("scheduling background jobs", "operations", ("queues", "scheduling")),
    Problem("spotting memory leaks", "performance", ("memory", "profiling")),
    Problem("planning capacity for peaks", "operations", ("capacity", "load-testing")),
    Problem("reviewing access rights", "security", ("permissions", "audit")),
    Problem("documenting runbooks that work", "operations", ("runbooks", "on-call")),
    Problem("stabilizing flaky tests", "delivery", ("tests", "flakiness")),
    Problem("compressing large responses", "performance", ("compression", "bandwidth")),
    Problem("moving sessions out of process", "architecture", ("sessions", "scaling")),
    Problem("balancing read replicas", "data", ("replication", "reads")),
    Problem("versioning public endpoints", "architecture", ("api", "versioning")),
    Problem("shrinking container images", "delivery", ("containers", "builds")),
    Problem("validating cache headers", "caching", ("http", "headers")),
    Problem("isolating third party scripts", "security", ("scripts", "privacy")),
)

SCENARIOS = (
    "behind a CDN",
    "on a busy news site",
    "for API-led products",
    "during a platform migration",
    "in a small team without an on-call rota",
    "ahead of a seasonal sale",
    "after an acquisition",
    "on one modest virtual machine",
    "across three regions",
    "with a decade of old content",
    "under a strict change freeze",
    "for a members-only library",
    "inside a shared hosting plan",
    "on a public documentation portal",
    "with nightly bulk imports",
    "while traffic doubles every quarter",
    "in a regulated industry",
    "for a mobile-heavy audience",
    "with editors publishing all day",
    "during an infrastructure cost review",
)

CHECKLISTS = (
    (
        "Record today's numbers",
        "Take a backup you have restored once",
        "Try the smallest version first",
        "Read the logs for an hour",
        "File what you learned",
    ),
    (
        "Read the cache headers on three routes",
        "Repeat as a signed-in member",
        "Purge one page, not the zone",
        "Compare response times side by side",
        "Write the undo command down",
    ),
    (
        "Run the linter on the diff",
        "Cover the new branch with a unit test",
        "Exercise the integration suite twice",
        "Deploy to staging over lunch",
        "Tag the release and link the ticket",
    ),
    (
        "List every slow query over a day",
        "Explain the worst three plans",
        "Add one index at a time",
        "Check write latency afterwards",
        "Drop what nothing uses",
    ),
    (
        "Name who decides on a rollback",
        "Announce the window in one channel",
        "Keep the old version warm",
        "Shift a tenth of the traffic",
        "Close the window in writing",
    ),
    (
        "Inventory every credential in use",
        "Issue the replacement early",
        "Accept both for a week",
        "Revoke the old one on camera",
        "Note the next rotation date",
    ),
    (
        "Pick one symptom users can feel",
        "Chart it for the last month",
        "Set a threshold with a reason",
        "Page a person, not a mailbox",
        "Retire two alerts nobody reads",
    ),
    (
        "Count the jobs waiting at peak",
        "Give every job a time limit",
        "Make a second run harmless",
        "Drain one worker by hand",
        "Graph the age of the oldest job",
    ),
    (
        "Measure first paint on a cheap phone",
        "Resize images where they are stored",
        "Delay scripts nobody waits for",
        "Preload a single font",
        "Repeat the measurement on Friday",
    ),
    (
        "Pin every dependency with a hash",
        "Upgrade one major version per week",
        "Read the changelog aloud to someone",
        "Run yesterday's traffic through it",
        "Delete the workaround it replaces",
    ),
    (
        "Restore last night's dump elsewhere",
        "Time it with a stopwatch",
        "Compare row counts table by table",
        "Encrypt what leaves the building",
        "Rehearse with the newest colleague",
    ),
    (
        "Draw the request path on paper",
        "Mark where each timeout lives",
        "Make outer limits longer than inner ones",
        "Break one hop on purpose",
        "Share the drawing with support",
    ),
)
