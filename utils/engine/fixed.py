"""Objects whose settings stay as they were made."""

from typing import Any, ClassVar


class Fixed:
    """Base class: an attribute is set once, because matrices, links or sizes are computed from it.

    Subclasses list what may change in ``changing``, e.g. the weights of networks.

    Raises:
        AttributeError: an attribute that is none of these is set again.
    """

    changing: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) and name not in self.changing:
            raise AttributeError(
                f"`{name}` of this {type(self).__name__} stays as it is: other things were computed from it, and "
                f"they would not follow. Make a new {type(self).__name__}."
            )
        super().__setattr__(name, value)
