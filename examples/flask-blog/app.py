"""A small blog: posts, tags, a feed, and members who log in.

    python app.py --port 8000

Switches, by environment variable:

    PAGE_CACHE     on (pages of readers are kept for CACHE_SECONDS), off (the default)
    LIST_QUERIES   one (one query for a list of posts), each (the default: three more for every post on it)
    BLOG_DB        the database that seed.py made (blog.sqlite beside this file)
"""

import argparse
import hmac
import os
import secrets
import sqlite3
from pathlib import Path

import waitress
from flask import Flask, Response, abort, g, redirect, render_template, request, session, url_for
from page_cache import PageCache
from werkzeug.security import check_password_hash

SITE = "https://blog.example"
"""What the blog calls itself in its feed and sitemap, wherever a copy of it runs."""

ON_A_PAGE = 10

ONE_QUERY = """
SELECT post.*, author.name AS author_name,
    (SELECT group_concat(name, ' ') FROM (SELECT name FROM tag WHERE tag.post = post.id ORDER BY name)) AS tags,
    (SELECT count(*) FROM comment WHERE comment.post = post.id) AS comments
FROM post JOIN author ON author.id = post.author
"""


def database():
    """The connection of this request."""
    if "database" not in g:
        file = Path(os.environ.get("BLOG_DB", Path(__file__).with_name("blog.sqlite")))
        g.database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        g.database.row_factory = sqlite3.Row
    return g.database


def query(sql, *values):
    """All rows of a query, as dictionaries."""
    return [dict(row) for row in database().execute(sql, values)]


def listed(where, *values):
    """Posts for a list, with author, tags and the number of comments."""
    if os.environ.get("LIST_QUERIES") == "one":
        posts = query(f"{ONE_QUERY} {where}", *values)
        return [{**post, "tags": (post["tags"] or "").split()} for post in posts]
    posts = query(f"SELECT * FROM post {where}", *values)
    for post in posts:
        (author,) = query("SELECT name FROM author WHERE id = ?", post["author"])
        post["author_name"] = author["name"]
        post["tags"] = [tag["name"] for tag in query("SELECT name FROM tag WHERE post = ? ORDER BY name", post["id"])]
        post["comments"] = len(query("SELECT * FROM comment WHERE post = ?", post["id"]))
    return posts


def create_app():
    """The application."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)  # of this process: whoever was logged in before logs in again
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    seconds = float(os.environ.get("CACHE_SECONDS", "600")) if os.environ.get("PAGE_CACHE") == "on" else 0.0
    PageCache(app, seconds)

    @app.teardown_appcontext
    def close(_error):
        if "database" in g:
            g.database.close()

    @app.context_processor
    def everywhere():
        return {"member": session.get("member"), "site": SITE}

    @app.get("/")
    @app.get("/page/<int:number>", endpoint="page")
    def home(number=1):
        (found,) = query("SELECT count(*) AS posts FROM post")
        last = max(1, -(-found["posts"] // ON_A_PAGE))
        if not 1 <= number <= last:
            abort(404)
        posts = listed("ORDER BY published DESC LIMIT ? OFFSET ?", ON_A_PAGE, ON_A_PAGE * (number - 1))
        return render_template("list.html", title="The plum tree", posts=posts, number=number, last=last)

    @app.get("/tags/<name>")
    def tag(name):
        posts = listed("WHERE post.id IN (SELECT post FROM tag WHERE name = ?) ORDER BY published DESC LIMIT 30", name)
        if not posts:
            abort(404)
        return render_template("list.html", title=f"Posts about {name}", posts=posts, number=1, last=1)

    @app.get("/posts/<slug>")
    def post(slug):
        posts = listed("WHERE slug = ?", slug)
        if not posts:
            abort(404)
        comments = query("SELECT name, body FROM comment WHERE post = ? ORDER BY id", posts[0]["id"])
        return render_template("post.html", title=posts[0]["title"], post=posts[0], comments=comments)

    @app.get("/feed.xml")
    def feed():
        posts = listed("ORDER BY published DESC LIMIT 20")
        return Response(render_template("feed.xml", posts=posts), content_type="application/rss+xml; charset=utf-8")

    @app.get("/sitemap.xml")
    def sitemap():
        posts = query("SELECT slug FROM post ORDER BY published DESC")
        tags = query("SELECT DISTINCT name FROM tag ORDER BY name")
        return Response(render_template("sitemap.xml", posts=posts, tags=tags), content_type="application/xml")

    @app.get("/robots.txt")
    def robots():
        return Response(f"User-agent: *\nDisallow: /account\nSitemap: {SITE}/sitemap.xml\n", content_type="text/plain")

    @app.route("/login", methods=["GET", "POST"])
    def login():
        token = session.setdefault("token", secrets.token_urlsafe(16))
        if request.method == "GET":
            return render_template("login.html", title="Log in", token=token, wrong=False)
        if not hmac.compare_digest(token, request.form.get("csrf_token", "")):
            abort(400)
        found = query("SELECT password FROM member WHERE login = ?", request.form.get("user", ""))
        if not (found and check_password_hash(found[0]["password"], request.form.get("password", ""))):
            return render_template("login.html", title="Log in", token=token, wrong=True), 403
        session.clear()
        session["member"] = request.form["user"]
        session["token"] = secrets.token_urlsafe(16)
        return redirect(url_for("account"), 303)

    @app.post("/logout")
    def logout():
        if not hmac.compare_digest(session.get("token", ""), request.form.get("csrf_token", "")):
            abort(400)
        session.clear()
        return redirect(url_for("home"), 303)

    @app.get("/account")
    def account():
        if "member" not in session:
            return redirect(url_for("login"), 303)
        (found,) = query("SELECT joined FROM member WHERE login = ?", session["member"])
        return render_template("account.html", title="Your account", joined=found["joined"], token=session["token"])

    return app


def main():
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="Serve the blog.")
    parser.add_argument("--port", type=int, default=8000)
    waitress.serve(create_app(), host="127.0.0.1", port=parser.parse_args().port, threads=4)


if __name__ == "__main__":
    main()
