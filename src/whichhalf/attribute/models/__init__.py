"""The attribution models as functions of arrays: no project, no engine, no clock.

`import whichhalf.attribute` hands on the public ones. docs/models.md tells what each means.
"""
