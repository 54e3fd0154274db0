"""The control plane, put together: settings in, running services out. The only place that wires.

``state`` holds the current snapshot and replaces it; ``serving`` runs the listeners; ``run`` is the process.
"""

from doorward.app.run import run

__all__ = ["run"]
