"""The header Accept, by which a client says which of the types on offer it wants (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence

from gantk_exports.server.refusal import Refusal


def acceptable(accept: str | None, offers: Sequence[str]) -> list[str]:
    """Return the offered types that a client accepts, the best first; of equal ones the first on offer.

    Raises Refusal where there are none.
    """
    weights = _weights(accept or "*/*")
    ranked = sorted(offers, key=lambda offer: -_weight(offer, weights))
    if wanted := [offer for offer in ranked if _weight(offer, weights) > 0]:
        return wanted
    raise Refusal(406, f"Accept: {accept} names nothing that this server can answer with: {', '.join(offers)}")


def _weights(accept: str) -> dict[str, float]:
    """Return the weight of each range of types that a header names."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = _number(value)
        weights[kind] = max(weight, weights.get(kind, 0.0))
    return weights


def _weight(offer: str, weights: dict[str, float]) -> float:
    """Return the weight of a type: that of the narrowest range that holds it."""
    ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
    return next((weights[kind] for kind in ranges if kind in weights), 0.0)


def _number(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0
