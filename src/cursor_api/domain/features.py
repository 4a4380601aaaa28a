"""What a request may ask for that not every upstream has."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple


class Feature(enum.Enum):
    """Something that a request asks for. The value is what people are told."""

    TOOLS = "tools"
    FORCED_TOOLS = "tool calls that are required"
    IMAGES = "images"
    IMAGE_LINKS = "images named by a web address"
    DOCUMENTS = "documents"
    DOCUMENT_LINKS = "documents named by a web address"
    EARLIER_DOCUMENTS = "documents in earlier turns"
    OTHER_CONTENT = "content of another type than text, images and documents"
    OUTPUT_FORM = "structured output"
    MANY_ANSWERS = "several answers to one request"
    EMBEDDINGS = "embeddings"
    OUTPUT_MAX = "a limit on the answer's tokens"
    STOP = "stop texts"
    REASONING = "a choice of how much to think"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    PENALTIES = "penalties"
    SEED = "a seed"
    LOGPROBS = "log probabilities"
    LOGIT_BIAS = "logit bias"
    VERBOSITY = "a choice of how long to answer"
    SERVICE_TIER = "service tiers"
    SPEECH = "spoken answers"
    PLACE = "a choice of where the model runs"
    OWN = "something that only upstreams of this client API have"


class RequestedFeature(NamedTuple):
    """What is asked for, and the caller's parameter that does, such as `response_format`."""

    feature: Feature
    param: str


# Without these the answer would be to another question: who cannot have them is told so.
NEEDED: Final = frozenset(
    {
        Feature.FORCED_TOOLS,
        Feature.IMAGES,
        Feature.IMAGE_LINKS,
        Feature.DOCUMENTS,
        Feature.DOCUMENT_LINKS,
        Feature.OTHER_CONTENT,
        Feature.MANY_ANSWERS,
        Feature.EMBEDDINGS,
        Feature.SPEECH,
        Feature.PLACE,
    }
)
# Worth another route of the same model, where one has them; the first counts most.
PREFERRED: Final = (Feature.TOOLS, Feature.OUTPUT_FORM)
# What the gateway itself does for an upstream that cannot.
PROVIDED: Final = frozenset({Feature.OUTPUT_FORM, Feature.OUTPUT_MAX, Feature.STOP})
