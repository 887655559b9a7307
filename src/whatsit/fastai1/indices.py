"""Places of pictures in a split, which know their split."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import torch

from whatsit.catalog import Catalog
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.i18n import Message


class Indices(torch.Tensor):
    """Places of pictures in one split of a catalog, int64; what is taken from them knows that too.

    `of_split` is its name, `of_catalog` the catalog's `identity`.
    """

    of_split: Split
    of_catalog: str

    @classmethod
    def of(cls, places: Any, split: Split, catalog: Catalog) -> Self:
        """Places (n,), an array or list, in `catalog[split]`."""
        indices = torch.as_tensor(places, dtype=torch.int64).as_subclass(cls)
        indices.of_split, indices.of_catalog = split, catalog.identity
        return indices

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """What PyTorch makes of them, with the same split."""
        result = super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]
        known = [one for one in _within(args) if "of_split" in vars(one)]
        origins = {(one.of_split, one.of_catalog) for one in known}
        for one in _within(result):
            if "of_split" not in vars(one) and origins:
                if len(origins) > 1:
                    raise WhatsitError(Message("lesson_data.two_splits"))
                one.of_split, one.of_catalog = known[0].of_split, known[0].of_catalog
        return result

    def require(self, split: Split, catalog: Catalog) -> None:
        """Raise WhatsitError where they are not places in this split of this catalog."""
        if self.of_split != split:
            own, other = f"{self.of_split}_ds", f"{split}_ds"
            kind = split.capitalize()
            raise WhatsitError(Message("lesson_data.other_split", own=own, other=other, kind=kind))
        if self.of_catalog != catalog.identity:
            raise WhatsitError(Message("lesson_data.other_data"))


def _within(value: Any) -> Iterator[Indices]:
    """All Indices in a value, and in the lists and tuples in it."""
    if isinstance(value, Indices):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _within(one)
