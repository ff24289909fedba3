"""The sentences of the natural profile: frames with slots, in moves, in the plans of sections.

A name in braces is a slot of `natural_lexicon.SLOTS`, drawn anew each time, or an entry of the article's fact sheet,
the same throughout the article. Sentences begin in lower case and have no full stop; the composer gives them both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SITUATION = (
    "{service} had run {scenario} for {months} months before {quality} became a subject {time}",
    "the {team} team took up {problem} {time}, when {a_component} and {peer} disagreed about {quality}",
    "nothing about the {component} looked wrong {place}, yet {count} requests a day took the {trouble} path",
    (
        "we had postponed {problem} since release {previous}, mostly because {person} could live with {a_trouble} "
        "{component}"
    ),
    "the trouble showed {place} first: {metric} moved from {after} to {before} milliseconds {time}",
    (
        "{service} reads from {peer} through one {component}, and that arrangement {hedge} holds until traffic passes "
        "{count} pages"
    ),
    (
        "between {month} and the end of the quarter the {component} grew by {percent} percent while nobody watched "
        "{quality}"
    ),
    "{person} opened {ticket} with one line: the {component} is {trouble} {place}",
    "our {stack} were {hedge} quiet {scenario}, so {a_trouble} {component} drew no attention {time}",
    "a partner sent {count} extra requests {time} and the {component} answered some of them with {status}",
    "the oldest part of {service} is {type}; it predates {config} and knows nothing about {peer}",
    "by the time {person} asked about {quality}, {table} held {rows} rows and the {component} touched most of them",
    "{path} serves about {share} percent of all reads, and it is {place} that people notice {quality}",
    "two services share the {component}: {service}, which needed it {time}, and {peer}, which {hedge} did not",
    "{type} came with release {previous} and was meant to last one summer",
    "on {host} the {component} and {peer} compete for the same {few} cores",
    "{service} is small: {line} lines, one {component}, and a link to {peer} that {hedge} works",
    "until {month} nobody could say what {quality} was {place}, and nobody had asked",
    "traffic on {path} is uneven; {percent} percent of it arrived {time}",
    "for {months} months the answer to any complaint about {quality} was to restart the {component}",
    "{peer} calls {service} {count} times an hour, {hedge} for pages that have not changed since {month}",
    "the first report came from {person}: {path} felt {trouble} {time}, and only {place}",
    "a page of {service} passes {type} {few} times before a reader sees it",
    "when {service} moved to {host}, the {component} moved with it and nobody measured {quality} again",
    "our contract with {peer} says {goal} milliseconds; {time} we took {before}",
    "{table} started as a list of {few} entries and now feeds every {component} we have",
    "release {previous} doubled what {path} returns, and {type} has been {trouble} since",
    "most of what {service} does is dull: it asks {peer}, fills the {component} and answers",
)

EVIDENCE = (
    "on {path} the {signal} put the median at {median} milliseconds, with {metric} at {before}",
    "{a_profile} taken {time} put {percent} percent of the wait inside {type}",
    "of {count} sampled requests, {few} percent ended in {status}, all of them {place}",
    "the numbers of the first run agreed with the {signal}: {quality} {effect} whenever {peer} was left out",
    "line {line} of the {log} names {hex}, a request that spent {ms} milliseconds waiting for {type}",
    (
        "we compared {few} runs of the same test; the spread stayed under {percent} milliseconds, small against the "
        "{before} we had"
    ),
    "{table} was read {count} times an hour, {percent} percent of that by {type}",
    "with the {component} switched off {place}, {quality} {effect}, which ruled out half of the theories",
    "the {signal} kept by {person} put the start {time}, soon after {previous} went out",
    "a replay of {count} requests against {host} reproduced it in {few} minutes",
    "cache entries for {path} lived {few} seconds on average, far short of the {window} minutes in {config}",
    "one {signal} is worth quoting: {few} retries, {ms} milliseconds each, then {status}",
    "before we touched anything, {metric} stood at {before} milliseconds over {count} requests",
    "neither the {signal} nor the {signal} moved {time}, so the {component} itself was {hedge} innocent",
    "signed-in members waited {percent} percent longer than anonymous readers {place}, and the {signal} says why",
    "request {hex} crossed {few} hops and lost {ms} milliseconds in {type}",
    "plotted by hour, {quality} has a step {time} and is flat everywhere else",
    "some {count} of the {rows} rows in {table} were read for requests that {type} later threw away",
    "the slowest {few} requests all carried the same cookie and all met the {component}",
    "{person} counted {line} identical queries behind one page of {path}",
    "a second run on {host} gave {median} milliseconds, within {few} of the first",
    "between requests {hex} and {hex} the {log} is silent for {ms} milliseconds, and so is {peer}",
    "memory on {host} rose by {few} megabytes an hour and fell back {time}",
    "the {log} ends at {status}; the entry before it belongs to {type}",
    "per request {type} cost {few} microseconds when idle and {ms} under load",
    (
        "we measured twice, once with the {component} warm and once cold, and {percent} percent of the difference was "
        "{quality}"
    ),
    "of the {days} days we recorded, {few} minutes hold everything worth seeing",
    "the {signal} from {month} is missing, so the comparison rests on {count} requests taken {time}",
)

CAUSE = (
    "the cause turned out to be {cause}, hidden behind {a_trouble} {component}",
    "two things had combined: {cause}, and {cause}",
    "{cause} explained {percent} percent of it; the rest came from {cause}",
    "it took {few} hours to find {cause} in {file}, because the {signal} pointed at {peer} instead",
    "{person} had fixed {cause} once, and release {previous} brought it back {place}",
    "{type} was only the messenger; underneath sat {cause}",
    "in {config} the key {key} still carried a value from {month}, which is how {cause} went unseen",
    "we suspected {cause} for a day, until the {log} showed {cause} in {few} lines",
    "{cause} is {hedge} cheap, but {service} pays for it {count} times an hour",
    "the default in {tool} assumes {a_calm} {component}; {scenario} that assumption fails",
    "commit {commit} had moved the check below {type}, and {cause} followed",
    "each call to {peer} opened its own connection, so {cause} scaled with traffic {place}",
    "nobody chose it: {cause} arrived with a template that {person} copied {time}",
    "what looked like {cause} was {cause}, seen through {type}",
    "{file} holds the reason at line {line}, in {type}: {cause}",
    "the {component} did what {key} told it to, and waited {ms} milliseconds",
    "without {cause} the {component} would have coped, and without the {component} nobody would have met {cause}",
    "{peer} had changed its answer {time}, and {cause} was the first thing to break",
    "a comment in {config} warns of {cause}; the comment is older than {service}",
    "seen from {host} the chain is short: {cause}, then {a_trouble} {component}, then {status}",
    "{person} named {cause} on the first day, and we spent {few} more days proving it",
    "once {table} passed {rows} rows, {cause} stopped being a detail",
    "the {component} and the {component} each waited for the other {time}, a textbook case of {cause}",
    "what the {signal} shows as {quality} is {hedge} {cause} by another name",
    "half of {path} was innocent; the other half went through {cause}",
    "it was not {peer}: {hex} never left {host}, and it too met {cause}",
    "{type} had always had {cause}; what was new was that {peer} noticed",
    "between {before} and {after} milliseconds lies {cause}, and little else",
)

ACTION = (
    "we {action} in {file} and left everything else alone {time}",
    "the change was {few} lines: we {action}, then {action}",
    "commit {commit} {action} and moved {key} from {old} to {new}",
    "first {person} {action} {place}; {type} followed {time}",
    "in {config} we set {key} to {new}, with a comment that names {ticket} and the {signal}",
    "we put {type} behind a flag, {action}, and kept the flag for {days} days",
    "{person} {action} while the {team} team watched the {signal}",
    "for {path} alone we {action}; the other routes kept what they had",
    "instead of tuning {type}, we {action} and asked {peer} to do the same",
    "a script of {line} lines prepared {table}; when it had run, we {action}",
    "release {version} {action}; release {next} will remove what it replaced",
    "with {tool} open on a second screen, we {action} and waited {window} minutes",
    "we {action} on {host} first, since its {component} carries {percent} percent of the load",
    "the {component} got a limit of {new}, and whatever exceeds it is answered with {status}",
    "{person} {action} {time}, and then we {action} as well",
    "nothing in {peer} had to change; we {action} on our side and told its owners",
    "we wrote the test first, saw it fail {few} times, and then {action}",
    "the old value of {key} was {old}; we tried {new} {place} and kept it",
    "before the release we {action}, which made the {component} boring again",
    "{ticket} lists {few} steps, and in the last of them we {action}",
    "the {team} team {action} in {month}; what we added was a limit on the {component}",
    "to keep the way back short we {action} in one commit, {commit}, and nothing else",
    "we {action} for {percent} percent of the traffic and let the rest wait {time}",
    "in {file} the call to {type} moved up by {few} lines, and {person} {action}",
    "{host} was taken out of rotation, we {action}, and it came back {time}",
    "we copied {table}, {action} on the copy, and exchanged the two {time}",
    "the same afternoon {person} {action}, and nobody had to be woken",
    "we tried {few} settings of {key} and, when none of them held, {action}",
)

REASON = (
    "the reasoning is plain: {cause} costs more than {a_trouble} {component} ever will",
    "we preferred this to a larger machine, because {quality} {hedge} depends on {cause} and not on size",
    "a small fix {place} is easier to undo than a clever one, and undoing takes {few} minutes here",
    "every request that skips {type} leaves room for one that cannot",
    "for {stack} there is a cheap moment to do this, when {few} requests are in flight and not {count}",
    "the alternative was to rewrite {type}, which {person} priced at {few} weeks",
    "a limit close to the {component} is one that {role} can find without asking",
    "since {peer} retries after {ms} milliseconds, anything slower than that doubles the work",
    "people forgive {a_trouble} page; they do not forgive {quality} that changes from visit to visit",
    "our goal for {metric} is {goal} milliseconds, and no other option promised that {place}",
    "fewer moving parts mean fewer surprises, and the {component} had {few} too many",
    "keeping {path} cacheable matters most, as it carries {share} percent of the reads",
    "a number that {role} can check is worth more than one that needs an expert",
    "we could have waited for release {next}, but {quality} would have waited with us",
    "{cause} comes back by itself, so the remedy has to be something that stays",
    "the {component} is shared with {peer}, and what is shared is {hedge} fixed last",
    "at {count} requests a minute even {few} milliseconds add up to a machine by {month}",
    "with {tool} this change can be seen, which the {signal} never showed",
    "an answer that is late but right can be cached; one that is fast and wrong cannot",
    "what we wanted was not a record but a ceiling: {goal} milliseconds {place}, every day",
    "the cost sits in the {component} and the benefit on {path}, so the same team should hold both",
    "{person} reads {config} more often than {file}, so that is where the limit belongs",
    "{problem} in {few} small steps is {hedge} better than in one that nobody dares to repeat",
    "a larger {component} would have hidden {cause} for {months} months and then shown it at once",
    "since {table} only grows, whatever reads all of it gets {slower} with time",
    "we do not need the {component} to be clever {place}; we need it to be the same every day",
    "whatever {service} does not ask of {peer}, {peer} cannot be late with",
    "to keep {quality} steady is {hedge} cheaper than to explain why it was not",
)

CHECK = (
    "to verify it, ask for {path} {few} times and compare {quality} with the {signal}",
    "the first check is dull: {metric} has to stay below {goal} milliseconds {place} for {window} minutes",
    "log in as a member and open {path}; a response marked as a hit there is a bug, whatever {quality} says",
    "we repeated the replay with {count} requests and {quality} {effect}",
    "look for {status} in the {log}; more than {few} in an hour means that the {component} has come loose again",
    "{person} compared {table} row by row with the copy on {host} and found {few} differences, all explained",
    "after {window} minutes {metric} was down to {after} milliseconds, from {before}",
    "a purge of one page should change one {signal}; if {count} entries vanish, the key is too wide",
    "draw the path of one request again: {type} should no longer appear in it",
    "we stopped the {component} on {host} on purpose, and {quality} {effect} {time}",
    "run it twice: the second import of {rows} rows must leave {table} exactly as it was",
    "check {previous} and {version} side by side {place} before trusting either",
    "when the {signal} and the {signal} agree for {few} days, close {ticket}",
    "read {config} on {host} and not in the repository; they differed by {few} lines once",
    "the test of {type} in {file} fails without the change, which is the only reason to believe it",
    "send {count} requests, {percent} percent of them signed in, and expect no {status}",
    "one page is enough: fetch {path} twice and see that the second answer names the {component}",
    "{quality} {effect} within {window} minutes, and the {signal} shows the same {place}",
    "count the rows of {table} before and after; {rows} is the number to remember",
    "turn {type} off for {few} minutes and watch whether {peer} notices",
    "the difference has to survive a restart, so {host} was restarted {few} times",
    "if {metric} is above {goal} milliseconds for longer than {window} minutes, {person} is called",
    "compare like with like: the same {count} requests, the same {host}, the same hour",
    "a colleague who had not seen the change repeated the measurement and got {after} milliseconds",
    "search the {log} for {hex}; a request like that one now takes {ms} milliseconds",
    "set {key} back to {old} {place} and the old picture returns, as it should",
    "open {path} on an old phone and in a private window; both should say the same about the {component}",
    "a week later {gain} percent of the wait was gone and {quality} had not moved again",
)

CAVEAT = (
    "this does not help {place}, where the {component} is bypassed by design",
    "with {few} replicas or fewer the gain shrinks to about {few} percent",
    "one side effect: the {signal} now counts each retry, so {quality} looked worse {time} than it was",
    "if {peer} is upgraded before {service}, expect {status} for up to {window} minutes",
    "we have not tested it above {count} requests an hour, and {person} {hedge} doubts the {component} there",
    "the number is honest but local: {host} has {few} cores and a slow disk",
    "{cause} is easy to mistake for this; it leaves the same {signal} and needs the opposite remedy",
    "by default {tool} hides this unless {key} is set, which {hedge} surprises people",
    "personal pages must never enter {type}, so mark them before anything else {place}",
    "the old behaviour returns if {config} is restored from a backup older than {month}",
    "a colder cache after each deploy costs {ms} milliseconds for the first {count} readers",
    "{type} still gives up when the disk is full, and {ticket} tracks that",
    "none of this was tried with {count} members signed in at once",
    "below {few} requests a second the {signal} is too thin to say anything",
    "{peer} may answer {status} while it starts, and the {component} {hedge} believes it",
    "a value of {new} for {key} suits {host}; a smaller machine wants less",
    "the {signal} is sampled, so {few} slow requests in {count} can pass unseen",
    "{person} has to remember {key} after {days} days, and people forget",
    "what we gain {place} we pay for in {quality}, though by less than {percent} percent",
    "for {path} the rule is safe; for pages that vary by member it would be a leak",
    "an empty {component} after a purge can look like an outage for {ms} milliseconds",
    "the measurement was taken {time}; {scenario} the peak is higher",
    "running {tool} costs about {few} percent, which is in every number on this page",
    "two {calm} weeks are not a trend, and {quality} has fooled us before",
    "if {table} is rebuilt from scratch, the plan changes and {cause} may come back",
    "whoever lowers {key} below {old} will meet {status} before noon",
    "{person} pointed out that {peer} is tested less often than {service}, and {hedge} not at all",
    "the gain of {gain} percent is for {path}; the rest of {service} saw {few} percent",
)

FOLLOW_UP = (
    "{person} will look at {type} next, the last step {place}",
    "{ticket} stays open until {quality} has been stable for {days} days",
    "the lesson we keep repeating is to {lesson}, and after that to {lesson}",
    "we added the {signal} to the weekly review, next to {metric}",
    "the first line of the runbook for {service} now says to {lesson}",
    "the {team} team will repeat the measurement in {month}, with {count} requests and the same seed",
    "what remains is {cause}, worth perhaps {percent} milliseconds and {few} evenings",
    "if you run {stack} {scenario}, begin with {path} and {lesson}",
    "{person} owns {key} from here on and reviews it when {peer} changes",
    "the notes, the replay and the {signal} are filed under {ticket}",
    "in {month} we will ask again whether {type} earns its place",
    "a reminder for next time: {lesson}, even when the {component} looks {calm}",
    "once {version} is everywhere, {file} can lose {line} lines",
    "next on the list is {peer}, which has the same {component} and twice the traffic",
    "the flag in {config} goes away with release {next}",
    "{person} asked for a chart of {quality} {place}, and it hangs by the coffee machine now",
    "before the next quarter we want {few} people who can do this without the page open",
    "a smaller question is left over: why the {component} was {trouble} {time}",
    "we owe {peer} a note about {status}, and {person} will write it",
    "the replay of {count} requests runs every night now, against {host}",
    "should {metric} pass {before} milliseconds again, the place to start is {file}",
    "from {month} on a job compares {table} with its copy and tells {role}",
    "the advice we would give ourselves is short: {lesson}",
    "{person} has {few} more ideas, too late for release {version}; they wait in {ticket}",
    "we will keep {host} as it is for {days} days, in case {role} wants to look again",
    "{type} has an owner at last, and the owner has {a_signal}",
    "a note in {config} says who to ask about {key}, and {role} has put a date on it",
    "{type} is due for a rewrite in {month}, unless {quality} says otherwise",
)

MOVES: Mapping[str, tuple[str, ...]] = {
    "situation": SITUATION,
    "evidence": EVIDENCE,
    "cause": CAUSE,
    "action": ACTION,
    "reason": REASON,
    "check": CHECK,
    "caveat": CAVEAT,
    "follow-up": FOLLOW_UP,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of section: headings to choose from, and plans, each the moves of one paragraph in order."""

    headings: tuple[str, ...]
    plans: tuple[tuple[str, ...], ...]


KINDS = (
    Kind(
        (
            "Where we started",
            "The shape of the problem",
            "What readers saw",
            "{Problem}: the background",
            "Before release {version}",
        ),
        (
            ("situation", "situation", "evidence", "reason"),
            ("situation", "evidence", "evidence", "cause"),
            ("situation", "evidence", "caveat"),
            ("evidence", "situation", "cause", "reason", "follow-up"),
        ),
    ),
    Kind(
        (
            "Finding the cause",
            "What {tool} told us",
            "Reading the evidence",
            "Following one request",
            "Why {metric} moved",
        ),
        (
            ("evidence", "evidence", "cause"),
            ("evidence", "cause", "check", "cause", "reason"),
            ("cause", "evidence", "evidence", "caveat"),
            ("evidence", "cause", "evidence", "reason", "check", "follow-up"),
        ),
    ),
    Kind(
        ("The change", "What we changed in {service}", "Small steps", "A fix in {file}", "Working on {path}"),
        (
            ("action", "reason", "check"),
            ("action", "action", "reason", "caveat"),
            ("reason", "action", "check", "action"),
            ("action", "reason", "action", "check", "caveat", "check"),
        ),
    ),
    Kind(
        (
            "Rolling it out",
            "From {host} to everywhere",
            "Release {version}",
            "Deploying without drama",
            "The first {window} minutes",
        ),
        (
            ("action", "check", "check"),
            ("action", "check", "caveat", "action", "evidence"),
            ("situation", "action", "check", "follow-up"),
        ),
    ),
    Kind(
        ("What the numbers say", "Results", "{metric}, before and after", "Did it help?", "Measured on {host}"),
        (
            ("evidence", "check", "evidence"),
            ("check", "evidence", "reason", "caveat"),
            ("evidence", "caveat", "check", "evidence", "reason"),
        ),
    ),
    Kind(
        (
            "Limits and risks",
            "Where this does not apply",
            "Things to watch",
            "Known gaps in {service}",
            "What could still go wrong",
        ),
        (
            ("caveat", "caveat", "reason"),
            ("caveat", "cause", "check", "action"),
            ("situation", "caveat", "caveat", "follow-up"),
        ),
    ),
    Kind(
        (
            "Keeping it healthy",
            "Operations notes",
            "A routine for the {team} team",
            "Security and maintenance",
            "On call",
        ),
        (
            ("check", "reason", "follow-up"),
            ("check", "action", "caveat", "follow-up"),
            ("reason", "check", "check", "evidence", "follow-up"),
        ),
    ),
    Kind(
        ("What we would do again", "Next steps", "Lessons from {ticket}", "Open questions", "Looking ahead to {month}"),
        (
            ("follow-up", "reason", "follow-up"),
            ("reason", "follow-up", "caveat", "follow-up"),
            ("evidence", "follow-up", "reason", "caveat", "follow-up"),
        ),
    ),
)
"""In the order a story is told; an article leaves some out."""

TITLES = (
    "{Problem} in {service}",
    "{Problem} with {stack}: notes from {service}",
    "How {service} got better at {problem}",
    "What {service} taught us about {problem}",
    "{Problem}, one release of {service} at a time",
    "Working notes on {problem} in {service}",
    "Inside {service}: {problem} with {stack}",
    "{Problem} without rewriting {service}",
    "The case for {problem} in {service}",
    "A field report on {problem} from {service}",
    "{Problem} for {stack}, as seen from {service}",
    "Rethinking {service}: {problem}",
    "A short account of {problem} in {service}",
    "{Problem}: a checklist that grew up on {service}",
    "{Problem}, with numbers from {service}",
    "When {service} slowed down: {problem}",
    "The quiet work of {problem} in {service}",
    "Debugging {service}: a story of {problem}",
    "{Problem} {scenario}: the {service} edition",
    "Why {service} needed {problem}",
    "Measured, not guessed: {problem} in {service}",
    "{Problem} on a budget, the {service} way",
    "An engineer's diary of {problem} on {service}",
    "{Problem} at {service}: mistakes included",
    "Small changes to {service}, and {problem}",
    "{service} revisited: {problem} with {stack}",
    "{Problem}, and what it took on {service}",
    "The numbers behind {problem} in {service}",
    "{Problem} and the limits of {service}",
    "Before you copy {service}: thoughts on {problem}",
    "{Problem} in production: {service} {scenario}",
    "Letting go of old habits in {service}: {problem}",
)

INTROS = (
    (
        "{service} belongs to our {stack}, and it runs {scenario}. This is how {problem} took {metric} from {before} "
        "to {after} milliseconds, and what it did not fix."
    ),
    (
        "The short version: {problem} paid off for {service}, by about {gain} percent on {path}. The long "
        "version has a wrong turn in it, kept here on purpose."
    ),
    (
        "In {month} the {team} team gave {problem} {days} days. Here is what changed in {service}, with the"
        " numbers and the doubts."
    ),
    (
        "If you look after {stack} {scenario}, parts of this will sound familiar. The rest is particular to "
        "{service} and to {path}."
    ),
    (
        "{ticket} asked for {problem} in {service} and nothing else. One release later {metric} is at {after} "
        "milliseconds, and this page explains the road there."
    ),
    "We write these pages for the next person on call. This one is about {problem} in {service}, release {version}.",
    (
        "{metric} had been drifting for {months} months when {service} finally got attention. What follows is"
        " {problem} as we did it {scenario}."
    ),
    (
        "Plenty has been said about {problem}; less about doing it with {stack} {scenario}. We kept a log on "
        "{service}, and it became this article."
    ),
    (
        "{service} is not the largest thing we run, but it is the one readers meet first. {Problem} was how {path} "
        "got its {goal} milliseconds back, nearly."
    ),
    (
        "Some work is invisible when it succeeds. {Problem} on {service} is of that kind, so here are the numbers: "
        "{before} milliseconds before, {after} after."
    ),
    (
        "Release {version} of {service} has one line in its notes about {problem}. This is the rest of the story, for "
        "anyone with {stack} {scenario}."
    ),
    (
        "Ask three people about {problem} and you get four plans. We followed one of them with {service} for {days} "
        "days and wrote down what happened."
    ),
    (
        "It began with {ticket} and a guess. The guess was wrong; {problem} helped {service} all the same, and "
        "{metric} shows by how much."
    ),
    (
        "There are longer texts about {problem}. This one keeps to {service}, to {path}, and to what the {team} team "
        "could measure on {host}."
    ),
    (
        "{Metric} is a poor thing to argue about and a good thing to measure. On {service} it stood at {before} "
        "milliseconds; {problem} was the remedy we tried."
    ),
    (
        "Given {days} days with {service} and nothing else to do, we chose {problem}. Most of it worked, and the "
        "part that did not is told first."
    ),
)

FINAL_NOTES = (
    (
        "{service} now holds {metric} near {after} milliseconds, against {before} before the work. The "
        "commands live in {file}, the discussion in {ticket}, and the {team} team would like to hear where "
        "this fails."
    ),
    (
        "None of this is specific to {service}. Write down a baseline, pick one route such as {path}, and "
        "give {problem} an owner."
    ),
    "The gain on {path} was {gain} percent. It will fade if {config} drifts, so a reminder is set for {month}.",
    (
        "We would start sooner and with less. For {stack} {scenario}, release {version} is enough; the "
        "remaining ideas wait in {ticket}."
    ),
    (
        "Read {config} before you copy anything: the value {new} fits {host} and the traffic of {service}, "
        "perhaps not yours."
    ),
    (
        "{Problem} is never finished, only quiet. When {metric} passes {goal} milliseconds again, this page "
        "is the place to resume."
    ),
    (
        "If one thing is worth taking from {service}, it is the order: measure, change {key}, measure again. The "
        "{gain} percent came last."
    ),
    (
        "The {team} team keeps {ticket} open as a place for questions. Bring your own numbers for {metric}; ours were "
        "taken on {host} and will not be yours."
    ),
    (
        "It took {days} days, most of them spent waiting for data. Commit {commit} is the part that can be read in "
        "a minute."
    ),
    "In {month} this page will be reviewed, and either {problem} will have held or there will be a better page.",
    "{path} is faster and {file} is shorter. Whether {peer} agrees is a matter for another page.",
    (
        "We would like to hear from others with {stack} {scenario}: {before} to {after} milliseconds is our result, "
        "and one result is not a rule."
    ),
)

SUMMARIES = (
    (
        "How {service} went about {problem}: {metric} fell from {before} to {after} milliseconds on {path}, "
        "and why it may not for you."
    ),
    "{Problem} with {stack} {scenario}, told through {service}, {ticket} and release {version}.",
    "A report by the {team} team on {problem}: cause, change, rollout and the {gain} percent gained on {path}.",
    (
        "Notes on {problem} in {service}, with a baseline of {before} milliseconds, a goal of {goal}, and the"
        " open questions."
    ),
    (
        "{Problem} in {service}: what the {team} team measured on {host}, what it changed in {config}, and the {gain} "
        "percent it got for that."
    ),
    "From {before} to {after} milliseconds: {problem} on {path}, step by step, with the doubts left in.",
    "Why {service} needed {problem} {scenario}: release {version} got {metric} close to {goal} milliseconds.",
    "One team, {days} days, {stack}: an account of {problem} with its numbers and its dead ends.",
)

EDITS = (
    "revision {edit} put this paragraph right",
    "this passage was written again for revision {edit}, after a reader had asked",
    "since revision {edit} this part follows the {signal} and no longer our memory",
    "revision {edit} replaced the figures that stood here by those of {role}",
    "an earlier text said otherwise; revision {edit} corrects it",
    "revision {edit} shortened what stood here, at the wish of {role}",
)
"""What a revision adds to the paragraph it rewrites; ``{edit}`` is its number."""
