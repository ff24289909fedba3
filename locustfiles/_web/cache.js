/* <anp-cache>: hit ratio and latency by cache class of the swarm under way, drawn from what the web interface serves. */

const EACH_MS = 1000;
const SHOWN_S = 120;

const CSS = `
:host {
  --paper: #fff; --ink: #1b1f24; --muted: #5b6572; --rule: #d9dee4; --bad: #a3261b; --link: #0b5cad;
  --HIT: #0b6fb8; --STALE: #5b3fa8; --REVALIDATED: #127a68; --EXPIRED: #8a6d00; --MISS: #b8480a; --BYPASS: #5b6572;
  --ERROR: #a3261b; --UNKNOWN: #8a3f78;
  display: block; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}
:host([dark]) {
  --paper: #14181d; --ink: #e8ebef; --muted: #a3adb9; --rule: #39424d; --bad: #ff9d92; --link: #74b7ff;
  --HIT: #62b5f5; --STALE: #b7a2ff; --REVALIDATED: #5fd0bb; --EXPIRED: #e3c65b; --MISS: #ff9d5c; --BYPASS: #a3adb9;
  --ERROR: #ff9d92; --UNKNOWN: #e29ad0;
}
* { box-sizing: border-box; }
h1, h2, h3, p { margin: 0; }
h1 { font-size: 1.35rem; }
h2 { font-size: 1.05rem; margin-top: 1.6rem; padding-top: .8rem; border-top: 1px solid var(--rule); }
h3 { font-size: .93rem; font-weight: 600; }
a { color: var(--link); }
.state { margin: .2rem 0; overflow-wrap: anywhere; }
.small { color: var(--muted); font-size: .87rem; }
.hits { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 2.2rem; margin: .5rem 0 .8rem; }
.hits b { font-size: 1.5rem; font-variant-numeric: tabular-nums; margin-right: .35rem; }
.pair { display: grid; gap: 20px 26px; grid-template-columns: minmax(0, 1fr); }
.wide .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.pair > * { min-width: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; font-size: .93rem; padding: .2rem 0; }
th, td { text-align: right; padding: .28rem 0 .28rem .55rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; white-space: normal; vertical-align: bottom; line-height: 1.25; }
th:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 600; }
tbody tr.all > * { border-bottom-width: 2px; font-weight: 600; }
.bad { color: var(--bad); font-weight: 700; }
.key { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .45em; }
svg { display: block; width: 100%; height: auto; margin-top: .2rem; }
svg text { fill: var(--muted); font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .p99 { stroke-dasharray: 2 5; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; color: var(--muted); font-size: .87rem; }
@media (max-width: 30rem) { th, td { padding-left: .3rem; } table { font-size: .78rem; } .hits { gap: 0 1.2rem; } }
`;

const number = new Intl.NumberFormat("en");
const time = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const share = { format: (value) => `${(value * 100).toFixed(1)}\u00a0%` };
const or = (format, value) => (value === null || value === undefined ? "–" : format.format(value));
const some = (count, one, more) => `${number.format(count)} ${count === 1 ? one : more}`;

/** An element with attributes and children; strings become text, never markup. */
function make(name, attributes = {}, ...children) {
  const svg = /^(svg|path|line|circle|text)$/.test(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const key = (name) => make("span", { class: "key", style: `background: var(--${name})`, "aria-hidden": "true" });

/** One table of figures: all classes, then each. */
function table(caption, figures) {
  // Where the screen is too narrow for all, the last ones are scrolled to: what is wrong stands before how long it took.
  const titles = ["class", "requests", "share", "errors", "failed checks", "p50 ms", "p95 ms", "p99 ms"];
  const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
  const body = figures.map((row) => {
    const name = row.cache === "all" ? ["all"] : [key(row.cache), row.cache];
    const counts = [row.errors, row.failed_checks].map((n) => make("td", n ? { class: "bad" } : {}, number.format(n)));
    const times = [row.p50_ms, row.p95_ms, row.p99_ms].map((ms) => make("td", {}, or(time, ms)));
    const cells = [make("td", {}, number.format(row.requests)), make("td", {}, share.format(row.share))];
    const words = { class: row.cache === "all" ? "all" : "", "data-class": row.cache };
    return make("tr", words, make("th", { scope: "row" }, ...name), ...cells, ...counts, ...times);
  });
  const whole = make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, whole);
}

const WIDE = 980, GAP = 26, HEIGHT = 190, LEFT = 46, RIGHT = 10, TOP = 10, BOTTOM = 26; // pixels

/**
 * A plot over the last two minutes, `width` pixels wide.
 * `lines`: [{ points: [[second, value or null], …], color, dashed }]; `scale` maps a value to 0…1; `ticks`: [[value, words]].
 */
function plot(label, width, lines, newest, scale, ticks) {
  const oldest = Math.max(newest - SHOWN_S + 1, 0);
  const span = Math.max(newest - oldest, 10);
  const x = (second) => LEFT + ((second - oldest) / span) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - scale(value) * (HEIGHT - TOP - BOTTOM);
  const svg = make("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label });
  for (const [value, words] of ticks) {
    svg.append(make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    svg.append(make("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, words));
  }
  const step = [2, 5, 10, 20, 30].find((each) => (span / each) * 55 <= width) ?? 30;
  for (let second = Math.ceil(oldest / step) * step; second <= oldest + span; second += step) {
    const anchor = x(second) > width - 40 ? "end" : "middle";
    const at = anchor === "end" ? width - RIGHT : x(second);
    svg.append(make("text", { x: at, y: HEIGHT - 8, "text-anchor": anchor }, `${second} s`));
  }
  for (const { points, color, dashed } of lines) {
    let path = "", last = null;
    for (const [second, value] of points) {
      if (second < oldest) continue;
      if (value !== null) {
        const joined = last !== null && second - last <= 2;
        path += `${joined ? "L" : "M"}${x(second).toFixed(1)} ${y(value).toFixed(1)}${joined ? "" : "h0"}`;
        last = second;
      } else last = null;
    }
    svg.append(make("path", { class: dashed ? "line p99" : "line", d: path || "M0 0", stroke: `var(--${color})` }));
  }
  return svg;
}

/** A logarithmic scale that holds all values, and its ticks: at 1, 2 and 5, or whole decades where those are too many. */
function logarithmic(values) {
  const least = Math.min(...values), most = Math.max(...values);
  for (const digits of [[1, 2, 5], [1]]) {
    const steps = [];
    for (let power = -3; power <= 6; power++) for (const digit of digits) steps.push(Number(`${digit}e${power}`));
    const low = Math.max(steps.findLastIndex((each) => each <= least), 0);
    const high = steps.findIndex((each, i) => i > low && each >= most);
    const ticks = steps.slice(low, high + 1);
    if (ticks.length > 10 && digits.length > 1) continue;
    const scale = (value) => Math.log(value / ticks[0]) / Math.log(ticks.at(-1) / ticks[0]);
    return [scale, ticks.map((each) => [each, String(each)])];
  }
}

class Cache extends HTMLElement {
  connectedCallback() {
    this.root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.forget();
    this.shown = null;
    this.state = make("p", { class: "state", role: "status" });
    this.figures = make("div");
    const links = make("p", { class: "small" });
    links.append(make("a", { href: new URL("./cache.csv", import.meta.url) }, "Download as CSV"));
    if (!this.hasAttribute("alone")) {
      links.append(" · ", make("a", { href: new URL("./cache", import.meta.url), target: "_blank" }, "Open by itself"));
    }
    const title = this.hasAttribute("alone") ? [make("h1", {}, "Cache")] : [];
    this.root.replaceChildren(make("style", {}, CSS), ...title, this.state, this.figures, links);
    this.turn = {};
    this.refresh(this.turn);
  }

  disconnectedCallback() {
    this.turn = null;
    clearTimeout(this.timer);
  }

  forget() {
    this.begun = 0;
    this.mark = 0;
    this.seconds = new Map(); // number: [hit ratio of each arm, points]
  }

  async refresh(turn) {
    const seen = await fetch(new URL(`./cache/${this.begun}-${this.mark}.json`, import.meta.url))
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => null);
    if (turn !== this.turn) return; // taken out of the page meanwhile
    if (seen) this.show(seen);
    else {
      this.say("Locust gives no figures, because it has ended or wants a log-in; these are the last ones.");
      this.begun = 0; // it may come back as another process: ask for everything again
      this.shown = null;
    }
    this.timer = setTimeout(() => this.refresh(turn), EACH_MS);
  }

  say(words) {
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  show(seen) {
    const width = this.figures.clientWidth;
    // The page around it, locust's own with its switch between light and dark, says which it is.
    const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    this.toggleAttribute("dark", 0.3 * r + 0.6 * g + 0.1 * b < 128);
    const state = [seen.begun, seen.stage, seen.problem, seen.mark, width].join();
    if (state === this.shown) return; // leaves what somebody may be selecting
    this.shown = state;

    if (seen.begun !== this.begun) this.forget();
    this.begun = seen.begun;
    this.mark = seen.mark;
    for (const [second, ratios, points] of seen.seconds) this.seconds.set(second, [ratios, points]);
    const known = [...this.seconds.keys()].sort((a, b) => a - b);
    while (known.length && known[0] <= known.at(-1) - SHOWN_S) this.seconds.delete(known.shift());

    const nothing = seen.start.figures.length === 0;
    const refused = `The last swarm ended before its first request: ${seen.problem}`;
    const ended = seen.problem ? `Ended early: ${seen.problem}.` : "Ended.";
    const targets = seen.targets.map(([arm, url]) => (seen.targets.length > 1 ? `${url} (${arm})` : url));
    const what = `${seen.scenario} at ${targets.join(" and ")}`; // a page by itself has nothing else that names it
    this.say({
      idle: "No swarm has run yet. Start one, and its figures appear here.",
      preparing: seen.problem ? refused // already known, while locust still brings up users
        : "The swarm is being prepared: log-ins and the cache come before the first measured request.",
      refused,
      running: `Running ${what}${nothing ? "; no measured request yet (warm-up is not shown)." : "."}`,
      ended: `${ended}${nothing ? " No request was measured." : ""} The record of ${what} is ${seen.record}`,
    }[seen.stage]);
    this.plotWidth = width > WIDE ? Math.floor((width - GAP) / 2) : width;
    this.figures.className = width > WIDE ? "wide" : "";
    const scrolls = () => [...this.figures.querySelectorAll(".scroll")];
    const before = scrolls();
    const focus = before.indexOf(this.root.activeElement), lefts = before.map((each) => each.scrollLeft);
    this.figures.replaceChildren(...(nothing ? [] : seen.arms.map((arm, i) => this.arm(seen, arm, i, known))));
    scrolls().forEach((each, i) => (each.scrollLeft = lefts[i] ?? 0));
    scrolls()[focus]?.focus({ preventScroll: true });
    if (!nothing) {
      const note = "Times count from the scheduled moment of good answers, and are exact to 1.1 %. " +
        "Hit ratio: answers of class HIT or STALE among all good answers.";
      this.figures.append(make("p", { class: "small", style: "margin: .8rem 0 .3rem" }, note));
    }
  }

  arm(seen, arm, index, known) {
    const section = make("section", { "data-arm": arm, "aria-label": arm });
    if (seen.arms.length > 1) section.append(make("h2", {}, `Arm ${arm}`));
    const [whole, latest] = [seen.start, seen.latest].map((part) => or(share, part.hit_ratio[index]));
    const words = [[whole, "hit ratio since the start"], [latest, `in the last ${seen.latest_s} s`]];
    const hits = words.map(([value, of], i) => make("span", { "data-hits": i }, make("b", {}, value), of));
    const of = (part) => part.figures.filter((row) => row.arm === arm);
    const [all] = of(seen.start);
    const wrong = [];
    if (all?.errors) wrong.push(some(all.errors, "error", "errors"));
    if (all?.failed_checks) wrong.push(some(all.failed_checks, "failed check", "failed checks"));
    if (wrong.length) hits.push(make("span", { class: "bad" }, `${wrong.join(" and ")} since the start`));
    section.append(make("p", { class: "hits" }, ...hits));
    section.append(make("div", { class: "pair" },
      table("Since the start", of(seen.start)), table(`Last ${seen.latest_s} s`, of(seen.latest))));
    if (known.length) section.append(make("div", { class: "pair", style: "margin-top: 20px" },
      this.ratios(arm, index, known, whole, latest), this.times(arm, index, known)));
    return section;
  }

  ratios(arm, index, known, whole, latest) {
    const points = known.map((second) => [second, this.seconds.get(second)[0][index]]);
    const label = `Hit ratio of ${arm} by second: ${whole} since the start, ${latest} lately`;
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((value) => [value, `${value * 100}\u00a0%`]);
    const drawn = plot(label, this.plotWidth, [{ points, color: "HIT" }], known.at(-1), (value) => value, ticks);
    return make("div", {}, make("h3", {}, "Hit ratio"), make("p", { class: "legend" }, "by second of the plan"), drawn);
  }

  times(arm, index, known) {
    const values = [], lines = new Map();
    for (const second of known) {
      for (const [which, name, p50, p99] of this.seconds.get(second)[1]) {
        if (p50 === null) continue;
        values.push(p50, p99); // of both arms: they are read side by side
        if (which !== index) continue;
        if (!lines.has(name)) lines.set(name, [[], []]);
        lines.get(name)[0].push([second, p50]);
        lines.get(name)[1].push([second, p99]);
      }
    }
    const [scale, ticks] = logarithmic(values.length ? values : [1]);
    const names = [...lines.keys()].sort();
    const drawn = names.flatMap((name) =>
      lines.get(name).map((points, i) => ({ points, color: name, dashed: i === 1 })));
    const legend = names.map((name) => make("span", {}, key(name), name));
    const label = `Response time of ${arm} by second and cache class, in milliseconds, logarithmic: ${names.join(", ")}`;
    return make("div", {}, make("h3", {}, "Response time, ms (p50 solid, p99 dotted)"),
      make("p", { class: "legend" }, ...legend), plot(label, this.plotWidth, drawn, known.at(-1), scale, ticks));
  }
}

customElements.define("anp-cache", Cache);
