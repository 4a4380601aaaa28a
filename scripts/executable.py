"""Where the executable that is one file begins: the command, or a module run as a program apart."""

import runpy
import sys

from cursor_api.cli import main
from cursor_api.domain.own_program import RUN_MODULE

if sys.argv[1:2] == [RUN_MODULE] and sys.argv[2:3] and sys.argv[2].startswith("cursor_api."):
    name = sys.argv[2]
    sys.argv = [name, *sys.argv[3:]]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
else:
    sys.exit(main())
