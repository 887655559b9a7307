"""The folder `.whatsit/` beside the pictures, or wherever the user wants it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from whatsit.checks import meant
from whatsit.commands import command_line
from whatsit.errors import ProjectError, ReadOnlyProjectError
from whatsit.events import warn
from whatsit.i18n import Message
from whatsit.project.database import Database
from whatsit.project.decisions import Decided
from whatsit.project.features import FEATURES, FeatureStore
from whatsit.project.files import write_whole
from whatsit.project.journal import Journal
from whatsit.project.paths import SIDECAR, check_links, not_a_link, untrusted
from whatsit.project.runs import run_folders
from whatsit.project.thumbnails import Thumbnails
from whatsit.text import brief, ending

MANIFEST = "manifest.csv"  # beside the classes: where collected pictures come from
DATABASE = "project.sqlite"


class Project:
    """What Whatsit keeps for the pictures in `images`, in `folder` (by default its sub-folder .whatsit).

    Created on first use. Raises ReadOnlyProjectError where it can't be written, and ProjectError where it
    belongs to other pictures, is damaged, or is of a newer format.
    """

    def __init__(self, images: str | Path, folder: str | Path | None = None) -> None:
        self.images = Path(images).absolute()
        self.folder = Path(folder).absolute() if folder else self.images / SIDECAR
        self._passing: tempfile.TemporaryDirectory[str] | None = None
        self._known: Path | None = None  # what it is a copy of
        check_sidecar(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._read_only(error.strerror or Message("project.not_a_folder")) from error
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise self._read_only(Message("project.no_permission"))
        self._lock = FileLock(self.folder / "lock")
        self.database = Database(self.folder / DATABASE)
        self.decided = Decided(self.database, self.images)
        self._belong()
        self._journal = Journal(self.database, self.images, self.folder / "trash")
        if self._journal.is_torn():
            with suppress(Timeout):  # held: not a crash, but a move being made
                self._acquire(timeout=0)
                self._lock.release()

    def __repr__(self) -> str:
        kept = f"kept in {ending(self.folder)}" if self.is_lasting else "kept until Python ends"
        return brief(self, f"pictures in {ending(self.images)}, {kept}")

    @classmethod
    def existing(
        cls, images: str | Path, folder: str | Path | None = None, without: str = "project.not_trained"
    ) -> "Project":
        """The project that is there already; raises ProjectError, with the message `without`, otherwise."""
        given, images = images, Path(images).parent if Path(images).is_file() else images  # a table of them
        sidecar = Path(folder) if folder else Path(images) / SIDECAR
        if not folder and not os.path.exists(images):
            advice = meant(images, Message("project.give_folder"))
            raise ProjectError(Message("project.no_folder", folder=images, advice=advice))
        if not os.path.isfile(sidecar / DATABASE):
            if folder:
                raise ProjectError(Message("project.none", folder=sidecar))
            place = given if str(given) != "." else Path.cwd()
            raise ProjectError(Message(without, folder=place, command=command_line("train", given)))
        return cls(images, folder)

    @classmethod
    def passing(cls, images: str | Path, folder: str | Path | None = None) -> "Project":
        """A project that ends with its object, at first a copy of what `folder` may hold already."""
        sidecar = Path(folder) if folder else Path(images) / SIDECAR
        check_sidecar(sidecar)
        known = sidecar / DATABASE
        temporary = tempfile.TemporaryDirectory(prefix="whatsit-")
        if os.path.isfile(known):
            with Database.copy(known, Path(temporary.name) / DATABASE).write() as database:
                database.execute("DELETE FROM moves")  # its trash is not here
        project = cls(images, temporary.name)
        project._passing, project._known = temporary, sidecar
        return project

    def command(self, verb: str, source: str | Path) -> str:
        """A command about `source`, its pictures or a table of them, as it is typed so that it finds this."""
        beside = self.images / SIDECAR
        return command_line(verb, source, *(() if self.folder == beside else ("--project", self.folder)))

    @property
    def is_lasting(self) -> bool:
        """Whether what is written here is there next time."""
        return self._passing is None

    @property
    def journal(self) -> Journal:
        """The moves. Raises ReadOnlyProjectError where the trash would end with this process."""
        if not self.is_lasting:
            raise ReadOnlyProjectError(Message("project.no_undo", folder=self.images))
        return self._journal

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer; another one is waited for, with a warning. A crash frees the lock."""
        try:
            self._acquire(timeout=0)
        except Timeout:
            warn(Message("project.waiting", folder=self.folder))
            self._acquire(timeout=-1)
        try:
            yield
        finally:
            self._lock.release()

    def _acquire(self, timeout: float) -> None:
        """Take the lock and repair what a crash left: nobody else can be moving now. May raise Timeout."""
        if not self.folder.is_dir():  # or the lock would make it anew
            raise ProjectError(Message("project.gone", folder=self.folder))
        try:
            self._lock.acquire(timeout)
        except Timeout:
            raise
        except (OSError, NotImplementedError) as error:  # some network drives know no locks
            raise ProjectError(
                Message("project.not_locked", folder=self.folder, reason=str(error))
            ) from error
        try:
            if self._lock.lock_counter == 1:
                self._journal.repair()
        except BaseException:
            self._lock.release()
            raise

    @cached_property
    def features(self) -> FeatureStore:
        """The cached features."""
        return FeatureStore(self.folder / FEATURES)

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """The small pictures of pages."""
        return Thumbnails(self.folder / "thumbnails.sqlite")

    @cached_property
    def previews(self) -> Thumbnails:
        """The pictures of a review, larger than those."""
        return Thumbnails(self.folder / "previews.sqlite")

    def new_run(self) -> Path:
        """Create and return the folder of the next run: runs/0001, runs/0002, ..."""
        runs = not_a_link(self.folder / "runs", self.folder)
        try:
            runs.mkdir(exist_ok=True)
            number = max((int(run.name) for run in run_folders(self.folder)), default=0)
            while True:
                number += 1
                with suppress(FileExistsError):  # another training took the number
                    (runs / f"{number:04}").mkdir()
                    return runs / f"{number:04}"
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProjectError(Message("project.no_run", folder=runs, reason=reason)) from error

    def note_bundle(self, run: Path, sha256: str, path: Path) -> None:
        """Write down that a run gave the bundle at `path`, whose network has this hash."""
        write_whole(run / f"bundle-{sha256}", os.fsencode(path.absolute()))

    def run_of(self, sha256: str) -> Path | None:
        """The run that gave a bundle, by its network's hash; None if no run here did."""
        return next(
            (run for run in run_folders(self._known or self.folder) if (run / f"bundle-{sha256}").is_file()),
            None,
        )

    def _belong(self) -> None:
        """A sidecar elsewhere serves one image folder; one that moved takes its sidecar along."""
        if self.folder.parent == self.images:
            return
        with self.database.read() as database:
            row = database.execute("SELECT value FROM facts WHERE name = 'images'").fetchone()
        if row and not isinstance(row[0], bytes):
            raise untrusted(self.database.path, Message("untrusted.no_owner"))
        images = os.fsencode(self.images)
        if row and row[0] != images and _is_another(os.fsdecode(row[0]), self.images):
            owner = os.fsdecode(row[0])
            raise ProjectError(
                Message("project.of_others", folder=self.folder, owner=owner, images=self.images)
            )
        if not row or row[0] != images:
            with self.database.write() as database:
                database.execute("INSERT OR REPLACE INTO facts VALUES ('images', ?)", (images,))

    def _read_only(self, reason: Message | str) -> ReadOnlyProjectError:
        return ReadOnlyProjectError(Message("project.read_only", folder=self.folder, reason=reason))


def check_sidecar(folder: Path) -> None:
    """Raise UntrustedError where a sidecar, or something right in it, is a symbolic link.

    Only a folder that was named with --project, which is called otherwise, may be one.
    """
    if folder.name == SIDECAR:
        not_a_link(folder, folder)
    if folder.name == SIDECAR or os.path.lexists(folder / DATABASE):
        with suppress(PermissionError):  # what can't be listed is not written to
            check_links(folder)


def _is_another(owner: str, images: Path) -> bool:
    """Whether the folder is still there and is not the same one by another name."""
    return os.path.isdir(owner) and not (os.path.exists(images) and os.path.samefile(owner, images))
