"""Tables of what users know themselves: look-ups and answers of surveys; whose company is which."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

LOOKUPS = table(
    "lookups",
    Kind.INPUT,
    "Columns of the user's own tables, which reports take as dimensions.",
    grain="lookup dimension lookup_key attribute",
    columns="""
lookup          string      name of the look-up
dimension       string      dimension that the keys are values of: blog_url, campaign, channel …
lookup_key      string      value of the dimension, in the form in which it is sought
attribute       string      column of the user's table: author, audience …
attribute_value string?     what the table says; null: an empty cell
""",
)

SURVEY_ANSWERS = table(
    "survey_answers",
    Kind.INPUT,
    "What people answered when they were asked where they had heard of the product.",
    grain="app user_id visitor_id question answered_at",
    loadable=True,
    columns="""
app             string      which product
user_id         string?     'u:' + user id
visitor_id      string?     'a:' or 'd:' id where no user is known
visitor_key     bigint?     64-bit hash of app and visitor id
question        string?     the question; null where the file has one only
answered_at     timestamp   when it was answered
answer          string      the answer, as given
""",
)

PERSON_GROUPS = table(
    "person_groups",
    Kind.VIEW,
    "The company that each person belongs to: that of the latest `group` call, ties by message id.",
    grain="person_id",
    columns="""
person_id       string      person
group_id        string      group id, as sent
grouped_at      timestamp   when the call was made
message_id      string      the call
""",
)
