"""Trailers towards HTTP/2 origins: identity names in them are dropped (HTTP/1.1 origins get no trailers at all)."""

from __future__ import annotations

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation as Mutation
from envoy.extensions.filters.http.header_mutation.v3.header_mutation_pb2 import HeaderMutation, Mutations
from envoy.extensions.filters.http.upstream_codec.v3.upstream_codec_pb2 import UpstreamCodec
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from doorward.edge.headers import CREDENTIALS, stripped_pattern
from doorward.edge.xds.wire import packed, regex


def guarded_trailers() -> list[HttpFilter]:
    """Upstream filters of a cluster: what a client may not send as a header it may not send as a trailer either."""
    pattern = "|".join((stripped_pattern(), *CREDENTIALS))
    mutations = Mutations(
        request_trailers_mutations=[Mutation(remove_on_match=Mutation.RemoveOnMatch(key_matcher=regex(pattern)))]
    )
    return [
        HttpFilter(name="envoy.filters.http.header_mutation", typed_config=packed(HeaderMutation(mutations=mutations))),
        HttpFilter(name="envoy.filters.http.upstream_codec", typed_config=packed(UpstreamCodec())),
    ]
