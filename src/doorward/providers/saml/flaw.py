"""What can be wrong with a SAML response. Each flaw has a code of its own, which stands in the log and the audit record."""

from __future__ import annotations

from enum import StrEnum

from doorward.providers.failure import Failure, Reason


class Flaw(StrEnum):
    """Why a response was refused."""

    NO_RESPONSE = "no_response"
    """There is none, or it is not base64."""
    TOO_LARGE = "too_large"
    """In bytes, elements, depth, attributes or namespaces."""
    NOT_XML = "not_xml"
    FORBIDDEN_MARKUP = "forbidden_markup"
    """A document type, an entity, a comment, CDATA or a processing instruction."""
    DUPLICATE_ID = "duplicate_id"
    SHAPE = "shape"
    """Not a response as SAML describes it, or something stands where it must not."""
    ASSERTIONS = "assertions"
    """Not exactly one assertion."""
    SIGNATURE_PLACE = "signature_place"
    """A signature that is not the child of the response or of the assertion."""
    SIGNATURE_FORM = "signature_form"
    """More than one reference, a reference to something else, a transform that is not allowed, a wrong algorithm for
    canonical XML."""
    SIGNATURE_ALGORITHM = "signature_algorithm"
    NOT_SIGNED = "not_signed"
    SIGNATURE = "signature"
    """No configured certificate verifies it."""
    CERTIFICATE = "certificate"
    """No configured certificate is within its dates."""
    ENCRYPTION_ALGORITHM = "encryption_algorithm"
    NOT_EXPECTED_ENCRYPTED = "not_expected_encrypted"
    DECRYPTION = "decryption"
    VERSION = "version"
    ISSUER = "issuer"
    DESTINATION = "destination"
    UNSOLICITED = "unsolicited"
    """It answers no request of ours."""
    IN_RESPONSE_TO = "in_response_to"
    """It answers another request."""
    STATUS = "status"
    SUBJECT = "subject"
    """No name, or no confirmation that fits."""
    RECIPIENT = "recipient"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    STALE = "stale"
    """Issued before the request, or the sign-in it speaks of was before a request for a fresh one."""
    TIME = "time"
    """Something that should be a time is none."""
    AUDIENCE = "audience"
    CONDITION = "condition"
    """A condition that is not known here, so that nobody could say whether it holds."""
    NO_SIGN_IN = "no_sign_in"
    """No statement about a sign-in."""
    REPLAY = "replay"


def flawed(flaw: Flaw, text: str, reason: Reason = Reason.INVALID_ANSWER, said: str = "") -> Failure:
    """The failure to raise. ``text`` says what was found; it is for the log and holds no secret."""
    return Failure(reason, f"saml {flaw}: {text}", said)
