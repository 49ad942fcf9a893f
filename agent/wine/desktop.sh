#!/usr/bin/env bash
# Runs a command in front of a display of its own with a window manager, without which Wine's windows wait for the
# keyboard.
exec xvfb-run -a -s "-screen 0 1000x800x24 -nolisten tcp" bash -c 'openbox --sm-disable 2>/dev/null & "$@"' desktop "$@"
