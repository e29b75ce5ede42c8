"""For those who write the course, not for its cells: notebooks as data, recording one anew, the reader's workbook.

notebooks   find, read, run, compare and save a notebook
record      ask an endpoint all that a notebook asks, and keep the answers
upkeep      what a folder of recordings holds, and what of it nobody uses
workbook    the copies that readers open
"""

__all__: list[str] = []
