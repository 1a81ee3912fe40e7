"""How large the operator is: three sizes by name, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestration.errors import TelmartError

MAX_MONTHS = 60
#: subscribers of a block
BLOCK = 50_000
MIN_SUBSCRIBERS, MAX_SUBSCRIBERS = 100, 10_000_000


@dataclass(frozen=True)
class Tree:
    """An organisation that is put together: in each of ``cities`` so many counties and areas."""

    cities: int
    counties: int
    areas: int
    managers_per_area: int


@dataclass(frozen=True)
class Cut:
    """Which subscribers a block holds: ``count`` from place ``first`` on."""

    number: int
    first: int
    count: int


@dataclass(frozen=True)
class Scale:
    """How many there are of what; the default is the demo's.

    Without a ``tree`` the organisation is the one written down in ``seeds/sample``. ``dealers``
    are firms with at least one outlet; ``shop_kinds`` are the share of exclusive shops among those
    of large dealers, and up to where a draw (0..1) makes one of the others an exclusive shop, then
    an agent; the rest are village points. ``core_ranks`` are the last ranks of the two lists of
    core dealers. ``block`` is how many subscribers are made at a time: memory follows from it.
    """

    subscribers: int = 20_000
    groups: int = 300
    halls: int = 60
    outlets: int = 600
    dealers: int = 400
    shop_kinds: tuple[float, float, float] = (0.8, 0.12, 0.78)
    core_ranks: tuple[int, int] = (40, 200)
    tree: Tree | None = None
    block: int = BLOCK

    def of(self, subscribers: int | None) -> Scale:
        """The same with another number of subscribers; itself for None."""
        return self if subscribers is None else replace(self, subscribers=subscribers)

    def cuts(self) -> list[Cut]:
        """Blocks of nearly the same size, none above ``block``."""
        count = -(-self.subscribers // self.block)
        edges = [self.subscribers * i // count for i in range(count + 1)]
        return [Cut(i, edges[i], edges[i + 1] - edges[i]) for i in range(count)]


def _cities(count: int, subscribers: int) -> Scale:
    """``count`` cities as large as the one of the documents.

    12 counties, 31 regional centres, 330 halls, about 1,000 exclusive shops and 4,000 agents,
    40 + 200 core dealers, 400 controlled group customers (26 % of all, see ``draw_groups``).
    """
    return Scale(
        subscribers=subscribers,
        groups=1_538 * count,
        halls=330 * count,
        outlets=5_780 * count,
        dealers=4_200 * count,
        shop_kinds=(0.62, 0.01, 0.94),
        core_ranks=(40 * count, 240 * count),
        tree=Tree(count, counties=12, areas=31, managers_per_area=8),
    )


SCALES = {
    "demo": Scale(),
    "city": _cities(1, 300_000),
    "province": _cities(5, 2_000_000),
}


def scale_named(name: str) -> Scale:
    """The size called ``name``.

    Raises:
        TelmartError: when there is none.
    """
    if name not in SCALES:
        raise TelmartError(f"There is no scale {name!r}.", f"Choose one of {', '.join(SCALES)}.")
    return SCALES[name]


@dataclass(frozen=True)
class SampleOptions:
    """What to generate. The files depend on these and on nothing else.

    ``subscribers`` is that of the scale when None; ``block`` see ``Scale``.
    """

    seed: int = 20260217
    subscribers: int | None = None
    months: int = 18
    scale: str = "demo"
    block: int = BLOCK

    @property
    def size(self) -> Scale:
        """How many there are of what."""
        return replace(scale_named(self.scale).of(self.subscribers), block=self.block)

    def check(self) -> None:
        """Refuse sizes that make no sample."""
        if not 1 <= self.months <= MAX_MONTHS:
            raise TelmartError(
                f"A sample of {self.months} months cannot be made.",
                f"Choose --months between 1 and {MAX_MONTHS}.",
            )
        if not MIN_SUBSCRIBERS <= self.size.subscribers <= MAX_SUBSCRIBERS:
            raise TelmartError(
                f"A sample of {self.size.subscribers} subscribers cannot be made.",
                f"Choose --subscribers between {MIN_SUBSCRIBERS} and {MAX_SUBSCRIBERS}.",
            )

    def made_with(self) -> dict[str, object]:
        """All of them by name, for the truth file."""
        return {
            "seed": self.seed,
            "subscribers": self.size.subscribers,
            "months": self.months,
            "scale": self.scale,
            "block": self.block,
        }
