"""``doorward serve``: a thin supervisor with two children, the control plane and Envoy.

Either child can die and come back without the other; when the supervisor dies, both end.
"""

from __future__ import annotations

from doorward.supervisor.parent import end_with_parent
from doorward.supervisor.start import serve

__all__ = ["end_with_parent", "serve"]
