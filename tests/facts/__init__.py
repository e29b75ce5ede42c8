"""Holds data/tables to the facts that they were distilled from, where these are at hand.

distilled   what each file of facts says, as rows; rules: what is read out of their sentences
comparing   where the tables and the facts disagree
"""
