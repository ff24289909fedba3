"""Result files of other load tools, read by their content and put side by side as far as they allow.

A ``Session`` is one file of one tool. What its tool rounds, leaves out or mixes in travels with it, so that no verdict
is finer than the instrument that took the figures. Nothing here sends load or knows of run records.
"""
