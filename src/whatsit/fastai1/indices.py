"""Places of pictures in a split, which know their split."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

import numpy as np
import torch

from whatsit.catalog import Catalog
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.i18n import Message


class Placed:
    """Places of pictures in the split `of_split` of a catalog, whose `identity` is `of_catalog`."""

    of_split: Split
    of_catalog: str

    def require(self, split: Split, catalog: Catalog) -> None:
        """Raise WhatsitError where they are not places in this split of this catalog."""
        if self.of_split != split:
            own, other = f"{self.of_split}_ds", f"{split}_ds"
            kind = split.capitalize()
            raise WhatsitError(Message("lesson_data.other_split", own=own, other=other, kind=kind))
        if self.of_catalog != catalog.identity:
            raise WhatsitError(Message("lesson_data.other_data"))


class Numbers(Placed, np.ndarray[Any, np.dtype[Any]]):
    """Indices as an array of NumPy; what is taken from them knows their split too."""

    def __array_finalize__(self, origin: Any) -> None:
        """Take over the split of the array that this one is made of."""
        if isinstance(origin, Placed):
            self.of_split, self.of_catalog = origin.of_split, origin.of_catalog


class Indices(Placed, torch.Tensor):
    """Places of pictures in one split of a catalog, int64; what is taken from them knows that too.

    `of_split` is its name, `of_catalog` the catalog's `identity`. Only numbers copied out of them, as by
    `item()`, `tolist()`, `np.array` or `torch.tensor`, do not.
    """

    @classmethod
    def of(cls, places: Any, split: Split, catalog: Catalog) -> Self:
        """Places (n,), an array or list, in `catalog[split]`."""
        indices = torch.as_tensor(places, dtype=torch.int64).as_subclass(cls)
        indices.of_split, indices.of_catalog = split, catalog.identity
        return indices

    def numpy(self, *, force: bool = False) -> Numbers:
        """The same as an array, which knows their split too."""
        numbers = super().numpy(force=force).view(Numbers)
        numbers.of_split, numbers.of_catalog = self.of_split, self.of_catalog
        return numbers

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """What NumPy makes an array of."""
        return np.array(self.numpy(), dtype, copy=copy)

    def __deepcopy__(self, memo: object) -> Self:
        return cast(Self, self.clone())

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


def _within(value: Any) -> Iterator[Indices]:
    """All Indices in a value, and in the lists and tuples in it."""
    if isinstance(value, Indices):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _within(one)
