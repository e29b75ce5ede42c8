"""python -m tests.facts FOLDER"""

import sys

from tests.facts.comparing import main

sys.exit(main())
