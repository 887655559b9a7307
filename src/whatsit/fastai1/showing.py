"""Figures appear where they are drawn, as the lesson's did."""

from whatsit.figures import Plot
from whatsit.notebooks import shell


def shown(plot: Plot) -> Plot | None:
    """Show a figure at once, whatever follows in the cell; outside of IPython it is only returned."""
    if shell() is None:
        return plot
    from IPython.display import display

    display(plot)
    return None
