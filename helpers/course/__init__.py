"""What runs and writes the course, behind `python -m helpers`; no cell needs it to ask a model.

notebooks     find, read, run, compare and save a notebook
record        ask an endpoint all that a notebook asks, and keep the answers
upkeep        what a folder of recordings holds, and what of it nobody uses
workbook      the copies that readers open
kernels       what the kernels of those copies load; missing_names: a NameError names the way back
doctor        settings, connection, credential and deployments, looked at
deployments   the az commands that a notebook's deployments need
asking        which models a notebook's code asks
freshness     which notebooks teach on models that leave
migrate       what moving to another model takes; recorded: the requests, review: what changes for them, repricing:
              what they cost there, renaming: the new name in the notebook's code
"""

__all__: list[str] = []
