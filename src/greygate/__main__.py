"""`python -m greygate`: the command line."""

import sys

from greygate.cli.main import main

sys.exit(main())
