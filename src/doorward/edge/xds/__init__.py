"""Envoy's whole configuration as a pure function of the snapshot, and the server that hands it out (delta ADS)."""

from doorward.edge.xds.ads import AdsServer
from doorward.edge.xds.proof import UnsafeConfiguration, check_routes
from doorward.edge.xds.resources import Resources, build
from doorward.edge.xds.settings import EdgeSettings, TlsPair
from doorward.edge.xds.stream import Rejection

__all__ = [
    "AdsServer",
    "EdgeSettings",
    "Rejection",
    "Resources",
    "TlsPair",
    "UnsafeConfiguration",
    "build",
    "check_routes",
]
