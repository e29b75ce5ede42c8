"""What a response looks like on the wire: the object and the items of its output. Fields in the service's order."""

import time
from collections.abc import Callable
from typing import Any

from tests.standin.answering import Answering, Choice
from tests.standin.toolbox import Call
from tests.standin.wire import filter_completion, filter_prompt, make_id

__all__ = ["Told"]


class Told:
    """Puts one response into words. asked: the checked parameters; body: all of them, for those that are repeated.

    reasoning: what the answer repeats of it; seal: encrypts hidden steps, None where they stay here.
    """

    def __init__(
        self,
        answering: Answering,
        asked: dict[str, Any],
        body: dict[str, Any],
        reasoning: dict[str, Any],
        seal: Callable[[str], str] | None,
    ):
        self._answering, self._asked, self._body = answering, asked, body
        self._reasoning, self._seal = reasoning, seal
        self._thought_id, self._sealed = make_id("rs_"), ""
        self._call_ids: dict[str, str] = {}
        self.message_id = make_id("msg_")

    def begin(self, status: str = "in_progress") -> dict[str, Any]:
        return self._object(status)

    @property
    def waits(self) -> bool:
        """Whether it is made in the background, and so begins in a queue."""
        return bool(self._asked.get("background"))

    def end(self, choice: Choice) -> dict[str, Any]:
        """The response with its answer: completed, or incomplete where the answer was cut off."""
        status = "incomplete" if choice.finish == "length" else "completed"
        usage = self._answering.usage()
        return self._object(
            status,
            completed_at=int(time.time()) if status == "completed" else None,
            content_filters=_filters(choice.text),
            incomplete_details={"reason": "max_output_tokens"} if status == "incomplete" else None,
            output=self._output(choice, status),
            usage={
                "input_tokens": usage["prompt_tokens"],
                "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
                "output_tokens": usage["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": self._answering.reasoning_tokens},
                "total_tokens": usage["total_tokens"],
            },
        )

    def fail(self, message: str) -> dict[str, Any]:
        return self._object("failed", error={"code": "server_error", "message": message})

    def _output(self, choice: Choice, status: str) -> list[dict[str, Any]]:
        """Hidden steps, a picture, then calls or a message; neither where what came before took all it might cost."""
        thoughts = [self.thought(choice.thought)] if self._answering.reasoning_tokens else []
        thoughts += choice.pictures
        if choice.calls:
            *whole, last = choice.calls
            return [*thoughts, *(self.call(call, "completed", call.arguments) for call in whole),
                    self.call(last, status, last.arguments)]  # fmt: skip
        if not choice.text and choice.finish == "length":
            return thoughts
        return [*thoughts, self.message(status, [self.part(choice.text, choice.logprobs)])]

    def thought(self, text: str | None) -> dict[str, Any]:
        """The item of hidden steps, which says only that they were; None while they are being written."""
        item: dict[str, Any] = {"id": self._thought_id, "type": "reasoning", "summary": []}
        if text is None or self._seal is None:
            return item
        self._sealed = self._sealed or self._seal(text)  # once: the same text is sealed differently each time
        return item | {"encrypted_content": self._sealed}

    def call(self, call: Call, status: str, arguments: str) -> dict[str, Any]:
        name = self._call_ids.setdefault(call.id, make_id("fc_"))
        told = {"id": name, "type": "function_call", "status": status, "arguments": arguments}
        return told | {"call_id": call.id, "name": call.name}

    def message(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.message_id, "type": "message", "status": status, "content": content, "role": "assistant"}

    def part(self, text: str, logprobs: list[dict[str, Any]]) -> dict[str, Any]:
        return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": text}

    def _object(self, status: str, **told: Any) -> dict[str, Any]:
        asked, body = self._asked, self._body
        text = asked.get("text") or {}
        response = {
            "id": self._answering.id,
            "object": "response",
            "created_at": self._answering.created,
            "status": status,
            "background": self.waits,
            "completed_at": None,
            "content_filters": None,
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "max_tool_calls": None,
            "model": self._answering.label,
            "output": [],
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": asked.get("previous_response_id"),
            "prompt_cache_key": body.get("prompt_cache_key"),
            "prompt_cache_retention": body.get("prompt_cache_retention"),
            "reasoning": self._reasoning,
            "safety_identifier": body.get("safety_identifier"),
            "service_tier": "default",
            "store": asked.get("store", True),
            "temperature": asked.get("temperature", 1.0),
            "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools", []),
            "top_logprobs": asked.get("top_logprobs", 0),
            "top_p": asked.get("top_p", 1.0),
            "truncation": asked.get("truncation", "disabled"),
            "usage": None,
            "user": body.get("user"),
            "metadata": asked.get("metadata", {}),
        }
        return response | told


def _filters(text: str) -> list[dict[str, Any]]:
    """As on the wire, but for the offsets: no filter runs here that could have looked at any."""
    found = {"prompt": filter_prompt()[0]["content_filter_results"], "completion": filter_completion(text)}
    return [
        {
            "blocked": False,
            "source_type": source,
            "content_filter_raw": None,
            "content_filter_results": results,
        }
        for source, results in found.items()
    ]
