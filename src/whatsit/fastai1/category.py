"""The class of a picture."""


class Category(str):
    """A class: its name, as text is, with its place in the classes as `data` and `int(category)`."""

    data: int

    def __new__(cls, obj: str, data: int) -> "Category":
        category = super().__new__(cls, obj)
        category.data = int(data)
        return category

    def __getnewargs__(self) -> tuple[str, int]:  # type: ignore[override]
        return str(self), self.data

    def __int__(self) -> int:
        return self.data

    @property
    def obj(self) -> str:
        """The name alone."""
        return str(self)
