"""Fill the blog's database: posts, tags, comments and the members of accounts.csv.

    python seed.py [--db blog.sqlite] [--posts 300]

The same number makes the same blog. The file is written beside its place and moved there when it is whole.
"""

import argparse
import csv
import random
import sqlite3
from datetime import date, timedelta
from pathlib import Path

from werkzeug.security import generate_password_hash

HERE = Path(__file__).parent
AUTHORS = ("Ida Falk", "Jon Reyes", "Mara Lind", "Sam Okoro")
TAGS = (
    "baking",
    "bicycles",
    "birds",
    "bread",
    "gardens",
    "maps",
    "rivers",
    "tea",
    "tools",
    "trains",
    "walks",
    "winter",
)
THINGS = ("kettle", "ladder", "loaf", "lamp", "map", "oven", "path", "plum tree", "river", "shed", "stove", "wheel")
PLACES = ("behind the station", "by the canal", "in the attic", "in the yard", "on the hill", "under the bridge")
DEEDS = ("mended", "moved", "painted", "borrowed", "measured", "forgot about", "looked for", "wrote about", "cleaned")
WHEN = ("Last week", "In the end", "On Sunday", "After the rain", "Before breakfast", "Years ago", "This morning")
REMARKS = (
    "It took longer than I thought.",
    "Nobody was surprised.",
    "You can do it in an afternoon.",
    "The neighbours helped, and stayed for tea.",
    "I would not do it again in the rain.",
)


def sentence(draw):
    """One sentence about some thing somewhere."""
    first, second = draw.sample(THINGS, 2)
    told = f"{draw.choice(WHEN)} I {draw.choice(DEEDS)} the {first} {draw.choice(PLACES)}"
    return f"{told}, and the {second} as well." if draw.random() < 0.4 else f"{told}. {draw.choice(REMARKS)}"


def paragraphs(draw):
    """The body of a post, a paragraph a line."""
    return "\n".join(" ".join(sentence(draw) for _ in range(draw.randint(3, 7))) for _ in range(draw.randint(4, 10)))


def fill(connection, posts):
    """Write everything into an empty database."""
    draw = random.Random(2026)
    connection.executescript((HERE / "schema.sql").read_text(encoding="utf-8"))
    connection.executemany("INSERT INTO author VALUES (?, ?)", enumerate(AUTHORS, 1))
    for number in range(1, posts + 1):
        thing, other = draw.sample(THINGS, 2)
        title = f"The {thing} and the {other}, part {number}"
        slug = title.lower().replace(",", "").replace(" ", "-")
        day = date(2024, 1, 1) + timedelta(days=number)
        post = (number, slug, title, paragraphs(draw), day.isoformat(), draw.randint(1, len(AUTHORS)))
        connection.execute("INSERT INTO post VALUES (?, ?, ?, ?, ?, ?)", post)
        tags = [(number, name) for name in draw.sample(TAGS, draw.randint(1, 4))]
        connection.executemany("INSERT INTO tag VALUES (?, ?)", tags)
        comments = [(number, draw.choice(AUTHORS), sentence(draw)) for _ in range(draw.randint(0, 12))]
        connection.executemany("INSERT INTO comment (post, name, body) VALUES (?, ?, ?)", comments)
    with (HERE / "accounts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            member = (row["login"], generate_password_hash(row["password"]), "2024-01-01")
            connection.execute("INSERT INTO member VALUES (?, ?, ?)", member)


def main():
    """Make the database anew."""
    parser = argparse.ArgumentParser(description="Fill the blog's database.")
    parser.add_argument("--db", type=Path, default=HERE / "blog.sqlite")
    parser.add_argument("--posts", type=int, default=300)
    asked = parser.parse_args()
    unfinished = asked.db.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished)
    with connection:
        fill(connection, asked.posts)
    connection.close()
    unfinished.replace(asked.db)
    print(f"{asked.posts} posts in {asked.db}")


if __name__ == "__main__":
    main()
