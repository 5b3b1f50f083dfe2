"""`python -m whichhalf`."""

import sys

from whichhalf.cli import main

sys.exit(main())
