"""The control plane, put together: settings in, running services out. The only place that wires.

``state`` holds the current snapshot and replaces it; ``serving`` runs the listeners; ``run`` is the process.
"""

import gc

try:
    gc.disable()  # importing makes many objects and no garbage; looking for some takes a fifth of the time until ready
    from doorward.app.run import run
finally:
    gc.enable()

__all__ = ["run"]
