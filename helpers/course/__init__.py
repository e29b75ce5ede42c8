"""What runs and writes the course, behind `python -m helpers`; no cell needs it to ask a model.

notebooks     find, read, run, compare and save a notebook
record        ask an endpoint all that a notebook asks, and keep the answers
upkeep        what a folder of recordings holds, and what of it nobody uses
workbook      the copies that readers open
doctor        settings, connection, credential and deployments, looked at
deployments   the az commands that a notebook's deployments need
"""

__all__: list[str] = []
