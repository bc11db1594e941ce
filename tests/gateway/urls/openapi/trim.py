"""Makes answers.json of OpenAI's openapi.json: `python trim.py openapi.json > answers.json`."""

import json
import sys
from typing import Any

OURS = [
    "Annotation",
    "ChatCompletionMessageToolCall",
    "ChatCompletionMessageToolCallChunk",
    "ChatCompletionMessageToolCalls",
    "ChatCompletionResponseMessage",
    "ChatCompletionStreamResponseDelta",
    "ChatCompletionTokenLogprob",
    "CompletionUsage",
    "CreateChatCompletionResponse",
    "CreateChatCompletionStreamResponse",
    "CreateCompletionResponse",
    "CreateEmbeddingResponse",
    "Embedding",
    "Error",
    "ErrorResponse",
    "FunctionTool",
    "FunctionToolCall",
    "ListModelsResponse",
    "LogProb",
    "Metadata",
    "Model",
    "ModelIdsResponses",
    "ModelIdsShared",
    "ModelResponseProperties",
    "OutputContent",
    "OutputItem",
    "OutputMessage",
    "OutputMessageContent",
    "OutputTextContent",
    "Reasoning",
    "ReasoningEffort",
    "ReasoningItem",
    "ReasoningTextContent",
    "Response",
    "ResponseCompletedEvent",
    "ResponseContentPartAddedEvent",
    "ResponseContentPartDoneEvent",
    "ResponseCreatedEvent",
    "ResponseError",
    "ResponseErrorCode",
    "ResponseErrorEvent",
    "ResponseFailedEvent",
    "ResponseFormatJsonObject",
    "ResponseFormatJsonSchemaSchema",
    "ResponseFormatText",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseFunctionCallArgumentsDoneEvent",
    "ResponseInProgressEvent",
    "ResponseIncompleteEvent",
    "ResponseLogProb",
    "ResponseOutputItemAddedEvent",
    "ResponseOutputItemDoneEvent",
    "ResponseProperties",
    "ResponseReasoningTextDeltaEvent",
    "ResponseReasoningTextDoneEvent",
    "ResponseStreamEvent",
    "ResponseTextDeltaEvent",
    "ResponseTextDoneEvent",
    "ResponseTextParam",
    "ResponseUsage",
    "ServiceTier",
    "ServiceTierResponses",
    "SummaryTextContent",
    "TextResponseFormatConfiguration",
    "TextResponseFormatJsonSchema",
    "Tool",
    "ToolChoiceFunction",
    "ToolChoiceOptions",
    "ToolChoiceParam",
    "ToolsArray",
    "TopLogProb",
    "UrlCitationBody",
    "Verbosity",
]
"""What Homeward says. Every other alternative and property is left out: the rest is stricter."""

WORDS = ("description", "example", "title", "deprecated", "discriminator", "default", "nullable")


def trimmed(node: Any) -> Any:
    """Without words and what is not ours; ``nullable`` becomes what JSON Schema says for it."""
    if isinstance(node, list):
        return [trimmed(each) for each in node if not is_foreign(each)]
    if not isinstance(node, dict):
        return node
    kept = {
        name: {key: trimmed(each) for key, each in value.items() if not is_foreign(each)}
        if name == "properties"
        else trimmed(value)
        for name, value in node.items()
        if name not in WORDS and not name.startswith("x-")
    }
    return {"anyOf": [kept, {"type": "null"}]} if node.get("nullable") else kept


def is_foreign(node: Any) -> bool:
    """Whether nothing is left of it without what is not ours."""
    if not isinstance(node, dict):
        return False
    if "$ref" in node:
        return node["$ref"].rpartition("/")[2] not in OURS
    branches = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
    branches = branches or [node["items"]] if "items" in node else branches
    return bool(branches) and all(map(is_foreign, branches))


with open(sys.argv[1]) as file:
    schemas = json.load(file)["components"]["schemas"]
found = {name: trimmed(schemas[name]) for name in OURS}
json.dump({"components": {"schemas": found}}, sys.stdout, indent=1)
sys.stdout.write("\n")
