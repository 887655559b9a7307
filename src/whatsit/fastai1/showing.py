"""Figures appear where they are drawn, as the lesson's did."""

from typing import Any

from whatsit.figures import Plot
from whatsit.notebooks import shell


def shown(plot: Plot) -> Plot | None:
    """Show a figure, whatever follows in the cell; outside of IPython it is only returned.

    It is pyplot's current figure until the cell ends: `plt.savefig` writes it, and `plt.title` changes it.
    """
    from matplotlib import pyplot as plt

    plt.figure(plot)
    ipython = shell()
    if ipython is None:
        return plot
    if plt.get_backend().lower() == "agg":  # others show their figures by themselves
        from IPython.display import display

        display(plot)
        _close_after_cell(ipython, plot)
    return None


def _close_after_cell(ipython: Any, plot: Plot) -> None:
    """Or the next cell would draw into the same figure."""
    from matplotlib import pyplot as plt

    def close() -> None:
        ipython.events.unregister("post_execute", close)
        plt.close(plot)

    ipython.events.register("post_execute", close)
