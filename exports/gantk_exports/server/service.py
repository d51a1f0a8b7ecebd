"""What the server answers to each request, from its body to the answer's."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

from fastapi import Request, Response
from PIL import Image

from gantk.runtime.images import Deep
from gantk.runtime.model import Model
from gantk_exports.server.accept_header import acceptable
from gantk_exports.server.batcher import Values
from gantk_exports.server.bodies import Bodies, gone
from gantk_exports.server.clock import Clock, Limit
from gantk_exports.server.fields import said_in
from gantk_exports.server.limits import MEBI, Limits
from gantk_exports.server.memory import give_back
from gantk_exports.server.pictures import Pictures
from gantk_exports.server.refusal import Refusal
from gantk_exports.server.request import form_of, parsed
from gantk_exports.server.served import Prepared, Served

Result = TypeVar("Result")

_AFTER = 2.0
"""Seconds after which the memory of a large image is given back."""


class Service:
    """Models on offer, by name. Belongs to one event loop.

    Attributes:
        served: the models on offer.
        limits: what bounds requests.
        forms: what can be asked of each generator.
    """

    def __init__(self, models: Mapping[str, Model], limits: Limits) -> None:
        self.served = {name: Served(name, model, limits) for name, model in models.items()}
        self.limits = limits
        self.forms = {
            name: form_of(model.card, limits) for name, model in models.items() if model.card.task == "generate"
        }
        self._bodies = Bodies(limits)
        self._pictures = Pictures(limits)
        self._clock = Clock(limits.seconds)
        # Memory is that of one picture which is too large to run whole.
        self._large = asyncio.Semaphore(1)
        # Images are prepared and encoded here, so that neither the event loop nor the models wait for that.
        self._hands = ThreadPoolExecutor(os.cpu_count() or 1, "gantk-images")

    def start(self) -> None:
        """Make ready for the first request."""
        self._pictures.start()

    def end(self) -> None:
        """End the requests in work."""
        self._clock.end()

    def close(self) -> None:
        """Let the threads and processes end."""
        self._hands.shutdown(wait=False, cancel_futures=True)
        self._pictures.close()
        for served in self.served.values():
            served.close()

    def listed(self) -> list[dict[str, Any]]:
        """Return the models on offer: name, task, card."""
        cards = {name: served.model.card for name, served in self.served.items()}
        return [{"name": name, "task": card.task, "card": json.loads(card.json())} for name, card in cards.items()]

    async def translate(self, name: str, request: Request) -> Response:
        """Answer with the translation of the image that is sent."""
        served = self._find(name, "translate")
        kinds = self._kinds(served, request)

        def answer(prepared: Prepared, outputs: Values) -> Response:
            content, kind = served.picture(prepared, outputs, kinds)
            return Response(content, media_type=kind)

        return await self._sent(served, request, answer)

    async def measure(self, name: str, task: str, request: Request) -> dict[str, Any]:
        """Answer with what an encoder or a scoring model gives for the image that is sent."""
        served = self._find(name, task)
        return await self._sent(served, request, lambda _, outputs: served.numbers(outputs))

    async def generate(self, name: str, request: Request) -> Response:
        """Answer with the image, or the sheet of images, that is asked for."""
        served = self._find(name, "generate")
        kinds = self._kinds(served, request)
        said = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if said != "application/json":
            raise Refusal(415, f'a body of type {said}: send application/json, such as {{"seed": 7}}, or no body')

        async with self._clock.limit(_late(served)) as limit:
            async with self._bodies.read(request, MEBI, limit.deadline) as body:
                asked = parsed(self.forms[name], body)
            with served.room():
                outputs = []
                for draw in await self._by_hand(served.draw, asked):
                    async with served.drawing:
                        values = await self._by_hand(draw)
                        outputs.append(await _unless_gone(request, served.batcher.submit(values)))
                        del values
                content, kind = await self._by_hand(served.sheet, outputs, asked.columns, kinds)
        return Response(content, media_type=kind)

    async def _sent(self, served: Served, request: Request, answer: Callable[[Prepared, Values], Result]) -> Result:
        """Return what `answer` makes of the image that is sent and of the model's outputs for it."""
        async with self._clock.limit(_late(served)) as limit, AsyncExitStack() as stack:
            async with self._bodies.image(request, limit.deadline) as (kind, body):
                # Whoever sends slowly has no place in the queue meanwhile.
                stack.enter_context(served.room())
                image, said = await self._image(served, kind, body, limit, stack)
                await stack.enter_async_context(served.drawing)
                prepared = await self._by_hand(served.prepare, image, said)
                # They are as large as what the model takes of them.
                del image, said
            return await self._by_hand(answer, prepared, await _unless_gone(request, served.run(prepared)))

    async def _image(
        self, served: Served, kind: str, body: bytes, limit: Limit, stack: AsyncExitStack
    ) -> tuple[Image.Image | Deep, dict[str, Any]]:
        """Return the image in a body, and what it says of further inputs.

        A large image is read in its turn, which it has until the stack is left.
        """
        card, limits = served.model.card, self.limits
        read = await self._pictures.read(kind, body, card, limits.whole)
        if read.image is None:
            limit.extend(limits.longer(read.width * read.height))
            await self._by_hand(served.check_strips, read.width, read.height)
            await stack.enter_async_context(self._large)
            stack.callback(self._give_back)
            read = await self._pictures.read(kind, body, card, limits.pixels)
        assert read.image is not None
        said: dict[str, Any] = dict(said_in(card, read.texts))
        for port in card.images_in[1:]:
            further = await self._pictures.read(kind, body, card, limits.whole, port)
            if further.image is None:
                raise Refusal(422, f"{port.name}: an image of more than {limits.whole:,} pixels; send a smaller one")
            said[port.name] = further.image
        return read.image, said

    def _give_back(self) -> None:
        """Give back the memory of a large image, once its answer is on its way."""

        def begin() -> None:
            with suppress(RuntimeError):  # the server has ended meanwhile
                self._hands.submit(give_back)

        asyncio.get_running_loop().call_later(_AFTER, begin)

    def _find(self, name: str, task: str) -> Served:
        """Return a model with room for a request. Raises Refusal where there is none, or it does another task."""
        served = self.served.get(name)
        if served is None:
            raise Refusal(404, f"no model is called {name}, only {', '.join(self.served)}")
        own = served.model.card.task
        if own != task:
            raise Refusal(409, f"{name} is a model that {own}s images: POST /v1/models/{name}/{own}")
        served.check_room()
        return served

    def _kinds(self, served: Served, request: Request) -> list[str]:
        if not served.kinds:
            raise Refusal(409, f"{served.name} gives what no picture can hold; run it in Python: gantk.load(...)")
        return acceptable(request.headers.get("accept"), served.kinds)

    async def _by_hand(self, do: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._hands, do, *arguments)


def _late(served: Served) -> Callable[[float], Refusal]:
    """Return what says that a request was not done in so many seconds."""

    def late(seconds: float) -> Refusal:
        line = f"not done after {seconds:.3g} s; send a smaller image, or try again in {served.wait} s"
        return Refusal(503, line, {"Retry-After": served.wait})

    return late


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what work gives. Raises Refusal, which nobody reads, where the client goes before."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Refusal(400, "the connection was closed")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
