"""A review in a notebook or a script: `Review(learner).widget()`."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from whatsit.checks import described
from whatsit.config import Split
from whatsit.errors import WhatsitError
from whatsit.extras import needing
from whatsit.i18n import Message
from whatsit.review.beginning import begin
from whatsit.review.pool import USUAL
from whatsit.review.session import Session
from whatsit.review.suspect import Suspects
from whatsit.text import brief
from whatsit.training import Learner
from whatsit.training.opening import pretrained

if TYPE_CHECKING:
    from whatsit.review.widget import ReviewWidget


class Review:
    """Pictures of a learner that look wrong, for somebody to decide about.

    It uses the learner's catalog, and its backbone as it came, not as it was trained since: the learner need
    not be trained. `splits` are those to look at. Raises WhatsitError for what is not a learner.
    """

    def __init__(self, learner: Learner, splits: Collection[Split] = USUAL) -> None:
        learner = getattr(learner, "learner", learner)  # the lesson's has today's inside
        if not isinstance(learner, Learner):
            raise WhatsitError(Message("review_widget.not_learner", given=described(learner)))
        self._learner, self._splits = learner, splits
        self._session: Session | None = None

    def __repr__(self) -> str:
        found = "not looked for yet" if self._session is None else f"{len(self._session.found)} suspects"
        return brief(self, f"{self._learner.catalog.root.name}, {found}")

    def suspects(self) -> Suspects:
        """The suspects, the most suspicious first, as they were before anything was decided.

        They are looked for once, in seconds. Raises MissingError without the extra `clean`.
        """
        return self._begun().found

    def widget(self) -> "ReviewWidget":
        """The page of the review, for the last line of a notebook's cell; several show the same review.

        Raises MissingError without the extras `notebook` and `clean`.
        """
        with needing(Message("review_widget.what")):
            from whatsit.review.widget import ReviewWidget
        return ReviewWidget(self._begun())

    def _begun(self) -> Session:
        if self._session is None:
            catalog = self._learner.catalog
            self._session = begin(catalog, pretrained(catalog, self._learner), self._splits)
        return self._session
