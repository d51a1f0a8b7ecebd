"""An ONNX Runtime session whose runs end when they are told to, and at Ctrl-C."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread, current_thread, main_thread
from typing import Any, TypeVar
from weakref import WeakSet

from gantk.data.dataset import Array

Result = TypeVar("Result")


PROCESSOR = "CPUExecutionProvider"
"""ONNX Runtime's name for running on the processor."""


@dataclass(frozen=True)
class Tensor:
    """A tensor that a graph takes or gives.

    Attributes:
        name: its name.
        type: its type, such as "tensor(float)".
        lengths: its dimensions; None: any length.
    """

    name: str
    type: str
    lengths: tuple[int | None, ...]


class Session:
    """An ONNX Runtime session of a model's file, or of its bytes.

    Attributes:
        inputs: the tensors that its graph takes.
        outputs: the tensors that it gives.
        threads: how many threads an operator may use; 0: as many as there are cores.
        provider: the execution provider that is asked first.
    """

    def __init__(self, source: str | bytes, providers: Sequence[str], threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = self.threads = threads

        def made(providers: Sequence[str]) -> Any:
            # ONNX Runtime's own way back to the processor is told to standard output.
            return onnxruntime.InferenceSession(
                source, sess_options=options, providers=list(providers), enable_fallback=0
            )

        try:
            self._session: Any = interruptible(lambda: made(providers))
        except Exception:
            if PROCESSOR not in providers[1:]:
                raise
            self._session = interruptible(lambda: made([PROCESSOR]))
        self._running: set[Any] = set()
        self.inputs = _described(self._session.get_inputs())
        self.outputs = _described(self._session.get_outputs())
        self.provider: str = self._session.get_providers()[0]

    def run(self, outputs: Sequence[str], given: Mapping[str, Array]) -> list[Array]:
        """Return output tensors for input tensors. Raises what ONNX Runtime raises, also where the run is stopped."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.log_severity_level = 4

        def stop() -> None:
            options.terminate = True

        try:
            self._running.add(options)
            return interruptible(lambda: self._session.run(list(outputs), dict(given), options), stop)
        finally:
            self._running.discard(options)

    def stop(self) -> None:
        """Stop all runs that go on, whichever threads wait for them; runs that begin later are not stopped."""
        for options in list(self._running):
            options.terminate = True


def _described(arguments: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(each.name, each.type, tuple(length if isinstance(length, int) else None for length in each.shape))
        for each in arguments
    )


class Sessions:
    """The sessions of one model.

    Attributes:
        providers: ONNX Runtime's execution providers in order of preference.
        threads: how many threads an operator may use; 0: as many as there are cores.
    """

    def __init__(self, providers: Sequence[str], threads: int) -> None:
        self.providers = tuple(providers)
        self.threads = threads
        self._open: WeakSet[Session] = WeakSet()

    def open(self, source: str | bytes, threads: int | None = None) -> Session:
        """Return a session of a model's file, or of its bytes. Raises what ONNX Runtime raises."""
        session = Session(source, self.providers, self.threads if threads is None else threads)
        self._open.add(session)
        return session

    def stop(self) -> None:
        """Stop the runs of all sessions that go on."""
        for session in list(self._open):
            session.stop()


def interruptible(work: Callable[[], Result], stop: Callable[[], None] = lambda: None) -> Result:
    """Return what work gives that leaves Python for long.

    Signals reach Python in the main thread, when that comes back to it: there the work is done by another thread. Where
    the wait is interrupted, `stop` is called, and the work's end awaited; a second interruption does not await it.
    """
    if current_thread() is not main_thread():
        return work()
    answers: list[Result] = []
    errors: list[BaseException] = []
    state, lock, done = {"begun": False, "left": False}, Lock(), Event()

    def do() -> None:
        with lock:
            state["begun"] = not state["left"]
        try:
            if state["begun"]:
                answers.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    try:
        Thread(target=do, name="gantk-run", daemon=True).start()
        _await(done)
    except BaseException:
        # Wherever it was interrupted, the thread either has begun, or finds that nobody waits.
        with lock:
            state["left"] = True
        if state["begun"]:
            stop()
            _await(done)
        raise
    if errors:
        raise errors[0]
    return answers[0]


def _await(done: Event) -> None:
    # An endless wait cannot be interrupted on Windows.
    while not done.wait(1.0):
        pass
