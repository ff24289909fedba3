"""A report as a table for people, as JSON, as SARIF, and as JUnit."""
