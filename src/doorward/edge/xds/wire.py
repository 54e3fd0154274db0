"""Small values every builder writes."""

from __future__ import annotations

from datetime import timedelta

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import ListStringMatcher, StringMatcher
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

OVERWRITE = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


def packed(message: Message) -> Any:
    """The message as ``Any``, byte for byte the same each time."""
    any_ = Any()
    any_.Pack(message, deterministic=True)
    return any_


def extension(name: str, message: Message) -> TypedExtensionConfig:
    return TypedExtensionConfig(name=name, typed_config=packed(message))


def duration(value: timedelta | float) -> Duration:
    """Seconds (or a timedelta) as a protobuf duration."""
    written = Duration()
    written.FromTimedelta(value if isinstance(value, timedelta) else timedelta(seconds=value))
    return written


def regex(pattern: str) -> StringMatcher:
    """RE2, full match."""
    return StringMatcher(safe_regex=RegexMatcher(regex=pattern))


def exactly(*names: str) -> ListStringMatcher:
    return ListStringMatcher(patterns=[StringMatcher(exact=name) for name in names])


def header_is(name: str, matcher: StringMatcher) -> HeaderMatcher:
    return HeaderMatcher(name=name, string_match=matcher)


def header_is_not(name: str, matcher: StringMatcher) -> HeaderMatcher:
    return HeaderMatcher(name=name, string_match=matcher, invert_match=True)


def header_absent(name: str) -> HeaderMatcher:
    return HeaderMatcher(name=name, present_match=True, invert_match=True)


def set_header(name: str, value: str) -> HeaderValueOption:
    """Replace the header; an empty value writes nothing."""
    return HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=OVERWRITE)
