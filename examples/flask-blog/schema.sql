CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE member (login TEXT PRIMARY KEY, password TEXT NOT NULL, joined TEXT NOT NULL);
CREATE TABLE post (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    published TEXT NOT NULL,
    author INTEGER NOT NULL REFERENCES author
);
CREATE TABLE tag (post INTEGER NOT NULL REFERENCES post, name TEXT NOT NULL, PRIMARY KEY (post, name));
CREATE TABLE comment (
    id INTEGER PRIMARY KEY,
    post INTEGER NOT NULL REFERENCES post,
    name TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX post_published ON post (published DESC);
CREATE INDEX tag_name ON tag (name);
CREATE INDEX comment_post ON comment (post);
